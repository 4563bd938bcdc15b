-- refused: use-not-granted settlement.diagnosis filter:range @3:39 [no-match-refuses]
-- A function that answers yes or no, counted.
SELECT district, count_if(starts_with(diagnosis, 'J')) AS n
FROM settlement
GROUP BY district;
