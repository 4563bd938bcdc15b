-- allowed: settlement.district filter:eq @5:7
-- A constant picks the rows.
SELECT count(*) AS n, avg(cost) AS mean
FROM settlement
WHERE district = 'Yuhang';
