-- title: Open weather data leave row by row / 开放的天气数据可逐行流出
-- expect: checked
-- suppressed: none
SELECT grid, hour, rain_mm, visibility_m
FROM weather_hourly
WHERE rain_mm > 25
ORDER BY rain_mm DESC, grid, hour
LIMIT 50
