-- refused: use-denied settlement.cost extreme @6:12 [deny-l3-extreme]
-- Which hospital has the dear patient?
SELECT hospital
FROM settlement
GROUP BY hospital
HAVING max(cost) > 100000;
