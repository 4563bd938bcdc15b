-- allowed: resident.person_id link @5:14
-- A NATURAL join links what has one name, at the place of its second table.
SELECT home, count(*) AS n
FROM settlement
NATURAL JOIN resident
GROUP BY home;
