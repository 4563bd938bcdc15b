-- title: One aircraft / 某一架飞机
-- expect: refused use-denied
-- at: 4:83
select avg(arr_delay) from flights f join planes p on p.tailnum = f.tailnum where f.tailnum = 17
