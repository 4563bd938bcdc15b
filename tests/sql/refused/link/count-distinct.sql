-- refused: use-not-granted resident.phone link @3:29 [no-match-refuses]
-- How many phones?
SELECT home, count(DISTINCT phone) AS phones
FROM resident
GROUP BY home;
