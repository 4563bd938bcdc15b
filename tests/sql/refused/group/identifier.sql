-- refused: use-denied settlement.person_id group @3:8 [deny-identifier-group]
-- Every person would be a group.
SELECT person_id, count(*) AS bills
FROM settlement
GROUP BY person_id;
