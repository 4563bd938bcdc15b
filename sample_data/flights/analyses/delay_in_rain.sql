-- title: Departure delay in rain and wind / 雨和风中的起飞延误
-- expect: checked
-- suppressed: none
select f.origin,
       case when w.precip > 0 then 'rain' else 'dry' end as rain,
       count(*) as flights,
       round(avg(f.dep_delay), 1) as mean_delay
from flights as f
inner join (
        select origin, month, day, hour, max(precip) as precip from weather group by origin, month, day, hour
    ) as w
        on w.origin = f.origin and w.month = f.month and w.day = f.day and w.hour = f.hour
group by f.origin, rain
order by f.origin, rain
