-- title: Flights on days with more than an inch of rain / 大雨日的航班
-- expect: checked
select f.carrier, count(*) as flights
from flights f
where (f.month * 100 + f.day) in (
    select w.month * 100 + w.day from weather w group by w.month, w.day having sum(w.precip) > 1
)
group by f.carrier
