-- refused: use-denied settlement.person_id extreme @3:12 [deny-identifier-extreme]
-- The smallest identifier is a person.
SELECT min(person_id) AS first_person FROM settlement;
