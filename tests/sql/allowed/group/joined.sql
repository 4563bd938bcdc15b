-- allowed: resident.home group @3:8
-- A field of the joined table labels the cells.
SELECT r.home, count(*) AS bills
FROM settlement s
JOIN resident r ON r.person_id = s.person_id
GROUP BY r.home;
