-- title: The largest pump / 最大的泵站
-- expect: refused use-denied
-- at: 4:12
select max(pump_m3h) as largest from flood_point
