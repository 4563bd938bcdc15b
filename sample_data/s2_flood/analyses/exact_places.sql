-- title: Exact places of the points / 积水点精确坐标
-- expect: refused use-denied
-- at: 4:18
select point_id, lon, lat from flood_point
