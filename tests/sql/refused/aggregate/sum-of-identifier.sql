-- refused: use-denied settlement.person_id aggregate:sum @3:12 [deny-identifier-aggregate]
-- An identifier is no quantity.
SELECT sum(person_id) AS s FROM settlement;
