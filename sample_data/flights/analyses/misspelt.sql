-- title: A column that is not there / 不存在的列
-- expect: refused unknown-column
-- at: 4:8
select carier, count(*) from flights group by carier
