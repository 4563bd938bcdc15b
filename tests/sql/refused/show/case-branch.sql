-- refused: use-not-granted hospital.doctors show @4:45 [no-match-refuses]
-- Only in a branch of CASE.
SELECT hospital,
       CASE kind WHEN 'general' THEN 0 ELSE doctors END AS doctors
FROM hospital;
