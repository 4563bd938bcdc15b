-- refused: use-not-granted hospital.budget filter:range @4:7 [no-match-refuses]
-- Compared with a mean.
SELECT hospital FROM hospital
WHERE budget > (SELECT avg(beds) FROM hospital);
