-- title: Arrival in bad and in good weather / 好坏天气下的到场用时
-- expect: checked
-- suppressed: none
SELECT w.bad_weather, i.period,
       count(*) AS incidents,
       avg(i.seconds_to_arrive) AS mean_seconds,
       stddev(i.seconds_to_arrive) AS spread
FROM hw_incident AS i
JOIN weather_hourly AS w
  ON w.grid = i.grid AND w.hour = date_trunc('hour', i.call_time)
GROUP BY w.bad_weather, i.period
