-- allowed: settlement.own_share aggregate:sum @3:12
-- FILTER decides which rows are summed.
SELECT sum(own_share) FILTER (WHERE emergency) AS paid_in_emergencies
FROM settlement;
