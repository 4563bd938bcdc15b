-- title: The hour of the day with the longest delays at each airport / 各机场延误最重的时段
-- expect: checked
select origin, hour, mean_delay
from (
    select origin, hour, avg(dep_delay) as mean_delay,
           row_number() over (partition by origin order by avg(dep_delay) desc) as place
    from flights
    where dep_delay is not null
    group by origin, hour
)
where place = 1
