-- refused: use-denied settlement.cost extreme @3:12 [deny-l3-extreme]
-- The largest bill is one person's.
SELECT max(cost) AS dearest FROM settlement;
