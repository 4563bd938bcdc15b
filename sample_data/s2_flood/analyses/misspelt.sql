-- title: A column that is not there / 不存在的列
-- expect: refused unknown-column
select point_id, nmae from flood_point
