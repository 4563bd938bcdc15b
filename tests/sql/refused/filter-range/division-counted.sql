-- refused: use-not-granted settlement.severity filter:range @3:30 [no-match-refuses]
-- A quotient that is NULL for one value decides which rows count.
SELECT district, count(1 // (severity - 3)) AS n
FROM settlement
GROUP BY district;
