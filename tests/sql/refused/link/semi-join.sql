-- refused: use-not-granted hospital.beds link @5:32 [no-match-refuses]
-- A SEMI JOIN.
SELECT h.hospital
FROM hospital h
SEMI JOIN clinic c ON c.beds = h.beds;
