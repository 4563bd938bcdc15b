-- title: A random sample by hash / 按哈希抽样
-- expect: refused function-refused
-- at: 4:46
select road, count(*) from hw_incident where hash(call_time) % 100 = 7 group by road
