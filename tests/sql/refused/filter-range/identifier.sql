-- refused: use-denied settlement.person_id filter:range @5:7 [deny-identifier-filter]
-- Half of the people, and half of them again.
SELECT avg(cost) AS mean
FROM settlement
WHERE person_id < 100;
