-- refused: use-not-granted settlement.age aggregate:quantile_cont @3:22 [no-match-refuses]
-- A quantile is a function of its own.
SELECT quantile_cont(age, 0.9) AS p90
FROM settlement;
