-- refused: use-denied settlement.diagnosis group @3:27 [deny-l4-group]
-- The list of all values.
SELECT DISTINCT district, diagnosis
FROM settlement;
