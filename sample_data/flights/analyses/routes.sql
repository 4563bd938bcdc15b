-- title: Flights by route: rare routes are suppressed / 各航线航班数：罕见航线被抑制
-- expect: checked
-- suppressed: some
SELECT f.origin, d.name AS destination, count(*) AS flights, sum(f.distance) AS miles
FROM flights f LEFT JOIN airports d ON d.faa = f.dest
GROUP BY f.origin, d.name
ORDER BY flights DESC
