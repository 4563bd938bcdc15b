-- allowed: settlement.cost aggregate:avg @6:12
-- HAVING computes an aggregate that is not shown.
SELECT hospital
FROM settlement
GROUP BY hospital
HAVING avg(cost) > 1000;
