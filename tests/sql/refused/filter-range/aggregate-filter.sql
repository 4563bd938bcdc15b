-- refused: use-not-granted settlement.severity filter:range @3:41 [no-match-refuses]
-- In FILTER.
SELECT district, count(*) FILTER (WHERE severity >= 4) AS grave, count(*) AS n
FROM settlement
GROUP BY district;
