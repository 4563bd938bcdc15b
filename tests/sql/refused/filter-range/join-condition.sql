-- refused: use-not-granted settlement.district filter:range @5:50 [no-match-refuses]
-- Beside the key of a join.
SELECT avg(s.cost) AS mean
FROM settlement s
JOIN resident r ON r.person_id = s.person_id AND s.district >= 'M';
