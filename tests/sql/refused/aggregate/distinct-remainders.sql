-- refused: use-denied settlement.person_id aggregate:count @3:23 [deny-identifier-aggregate]
-- COUNT(DISTINCT …) of something made of an identifier.
SELECT count(DISTINCT person_id % 100) AS buckets
FROM settlement;
