-- title: Mean delays by carrier / 各承运人平均延误
-- expect: checked
SELECT a.name, count(*) AS flights, avg(f.dep_delay) AS dep_delay, avg(f.arr_delay) AS arr_delay
FROM flights f
JOIN airlines a ON a.carrier = f.carrier
GROUP BY a.name
ORDER BY arr_delay DESC
