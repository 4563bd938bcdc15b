-- title: Points of one phone / 某个电话值守的积水点
-- expect: refused use-denied
-- at: 4:40
select count(*) from flood_point where duty_phone = 7
