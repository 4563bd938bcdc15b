-- title: Open weather leaves row by row / 开放天气数据逐行流出
-- expect: checked
-- suppressed: none
select origin, month, day, hour, wind_speed, wind_gust
from weather
where wind_gust > 45
order by wind_gust desc, origin, month, day, hour
