-- refused: use-not-granted hospital.address group @3:18 [no-match-refuses]
-- A key of CUBE, for a field that is held to be shown only.
SELECT district, address AS place, count(*) AS n
FROM hospital
GROUP BY CUBE (district, address);
