-- refused: use-not-granted settlement.severity filter:eq @3:31 [no-match-refuses]
-- NULLIF compares: what becomes NULL does not count.
SELECT district, count(NULLIF(severity, 3)) AS n
FROM settlement
GROUP BY district;
