-- refused: use-not-granted settlement.diagnosis filter:range @3:33 [no-match-refuses]
-- A cast that gives NULL for some values decides which rows count.
SELECT district, count(TRY_CAST(diagnosis AS INTEGER)) AS n
FROM settlement
GROUP BY district;
