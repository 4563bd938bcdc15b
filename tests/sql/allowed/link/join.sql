-- allowed: resident.person_id link @5:20
-- One person's rows in two tables.
SELECT r.home, avg(s.cost) AS mean
FROM settlement s
JOIN resident r ON r.person_id = s.person_id
GROUP BY r.home;
