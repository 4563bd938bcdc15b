-- title: Where water gathers, row by row / 积水点清单逐行流出
-- expect: checked
-- suppressed: none
SELECT point_id, name, road, kind FROM flood_point ORDER BY point_id
