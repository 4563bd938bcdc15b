-- refused: use-not-granted settlement.ward aggregate:avg @3:37 [no-match-refuses]
-- In a branch of CASE.
SELECT avg(CASE WHEN emergency THEN ward END) AS mean_ward
FROM settlement;
