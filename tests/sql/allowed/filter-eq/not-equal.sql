-- allowed: settlement.district filter:eq @3:48
-- Everyone else.
SELECT avg(cost) AS mean FROM settlement WHERE district <> 'Yuhang';
