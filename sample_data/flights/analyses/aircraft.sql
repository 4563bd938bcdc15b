-- title: Which aircraft flew most? / 哪架飞机飞得最多
-- expect: refused use-denied
-- at: 4:8
SELECT tailnum, count(*) AS flights
FROM flights
GROUP BY tailnum
ORDER BY flights DESC
LIMIT 10
