-- title: A column that is not there / 不存在的列
-- expect: refused unknown-column
-- at: 4:18
select point_id, nmae from flood_point
