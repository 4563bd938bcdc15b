-- refused: use-not-granted hospital.beds link @5:14 [no-match-refuses]
-- A NATURAL join links more than was thought of: beds have one name in both.
SELECT clinic
FROM hospital
NATURAL JOIN clinic;
