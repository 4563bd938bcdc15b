-- allowed: resident.birth_year filter:range @5:76
-- In EXISTS, about the same person.
SELECT avg(s.cost) AS mean
FROM settlement s
WHERE EXISTS (SELECT 1 FROM resident r WHERE r.person_id = s.person_id AND r.birth_year < 1960);
