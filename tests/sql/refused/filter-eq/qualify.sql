-- refused: use-not-granted hospital.opened filter:eq @5:52 [no-match-refuses]
-- In QUALIFY.
SELECT hospital
FROM hospital
QUALIFY row_number() OVER (ORDER BY rating) = 1 OR opened IS NULL;
