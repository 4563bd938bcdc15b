-- refused: use-not-granted settlement.discharged extreme @3:47 [no-match-refuses]
-- A branch of CASE, per hospital.
SELECT hospital, min(CASE WHEN sex = 'f' THEN discharged END) AS first_out
FROM settlement
GROUP BY ALL;
