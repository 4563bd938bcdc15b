-- refused: use-not-granted settlement.hospital filter:range @6:8 [no-match-refuses]
-- HAVING puts a label in order.
SELECT hospital, count(*) AS n
FROM settlement
GROUP BY hospital
HAVING hospital > 'M';
