-- title: The three busiest segments of each road / 各道路最繁忙的三个路段
-- expect: checked
select *
from (
    select road, segment_10km, count(*) as incidents,
           rank() over (partition by road order by count(*) desc) as place
    from hw_incident
    group by road, segment_10km
    having count(*) > 300
) ranked
where place <= 3
order by road, place
