-- refused: use-not-granted settlement.day filter:eq @6:8 [no-match-refuses]
-- HAVING compares a label with a constant.
SELECT day, count(*) AS n
FROM settlement
GROUP BY day
HAVING day = DATE '2025-01-01';
