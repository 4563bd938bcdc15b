-- allowed: settlement.cost aggregate:sum @3:12
-- One number of many rows.
SELECT sum(cost) AS total FROM settlement;
