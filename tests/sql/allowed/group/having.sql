-- allowed: settlement.hospital group @3:8
-- HAVING looks at cells that are safe already.
SELECT hospital, count(*) AS n
FROM settlement
GROUP BY hospital
HAVING count(*) > 50
ORDER BY n DESC;
