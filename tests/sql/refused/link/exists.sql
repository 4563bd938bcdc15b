-- refused: use-not-granted hospital.address link @5:55 [no-match-refuses]
-- The correlation of EXISTS.
SELECT h.hospital
FROM hospital h
WHERE EXISTS (SELECT 1 FROM clinic c WHERE c.clinic = h.address);
