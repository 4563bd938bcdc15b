-- title: Arrivals by 10-km segment, day and night / 十公里路段昼夜到场情况
-- expect: checked
with arrivals as (
  select road, segment_10km, period, count(*) as n, avg(seconds_to_arrive) as mean_s
  from hw_incident
  where seconds_to_arrive is not null
  group by road, segment_10km, period
)
select road, segment_10km * 10 as from_km, period, n, round(mean_s / 60, 1) as mean_minutes
from arrivals
order by road, from_km, period
