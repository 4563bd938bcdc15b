-- refused: use-denied settlement.age extreme @3:37 [deny-l3-extreme]
-- The oldest woman.
SELECT max(CASE WHEN sex = 'f' THEN age END) AS oldest
FROM settlement;
