-- refused: use-not-granted settlement.ward group @3:18 [no-match-refuses]
-- GROUP BY ALL takes the second column as well.
SELECT hospital, ward, count(*) AS n
FROM settlement
GROUP BY ALL;
