-- allowed: settlement.day group @3:13
-- GROUP BY names the output column.
SELECT year(day) AS y, count(*) AS n
FROM settlement
GROUP BY y
ORDER BY y;
