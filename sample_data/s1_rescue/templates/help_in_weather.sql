SELECT w.bad_weather, i.period,
       count(*) AS incidents,
       round(100.0 * count(*) FILTER (WHERE i.seconds_to_arrive <= $within_seconds) / count(*), 1) AS on_site_pct
FROM hw_incident AS i
JOIN weather_hourly AS w
  ON w.grid = i.grid AND w.hour = date_trunc('hour', i.call_time)
WHERE i.road = $road
  AND w.hour >= $from_day
  AND w.hour < $from_day + INTERVAL $days DAY
GROUP BY w.bad_weather, i.period
ORDER BY w.bad_weather, i.period
