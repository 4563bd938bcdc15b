-- refused: use-not-granted settlement.diagnosis filter:range @3:39 [no-match-refuses]
-- The average of a yes or no is a share of rows.
SELECT district, avg(CAST(starts_with(diagnosis, 'J') AS INTEGER)) AS share
FROM settlement
GROUP BY district;
