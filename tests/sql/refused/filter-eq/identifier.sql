-- refused: use-denied settlement.person_id filter:eq @5:7 [deny-identifier-filter]
-- Picks out one person.
SELECT count(*) AS n
FROM settlement
WHERE person_id = 42;
