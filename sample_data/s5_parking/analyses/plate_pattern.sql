-- title: Plates as text / 以文本处理车牌
-- expect: refused use-denied
-- at: 4:13
select left(plate::varchar, 2) as place, count(*) from park_event group by 1
