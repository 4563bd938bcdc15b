-- refused: use-not-granted hospital.address link @5:34 [no-match-refuses]
-- Those that the other table lacks.
SELECT h.hospital
FROM hospital h
ANTI JOIN clinic c ON c.clinic = h.address;
