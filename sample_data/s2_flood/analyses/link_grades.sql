-- title: The product: grade and warning rain of each link / 产品：各路段积水等级与预警雨量
-- expect: checked
-- enterprise: link_match=enterprise/link_match.csv
-- suppressed: none
with level as (
    select point_id,
           max(depth_cm) as worst_cm,
           min(rain_mm_1h) filter (where depth_cm > 30) as rain_30cm
    from water_level
    group by point_id
)
select m.link_id,
       case when l.worst_cm > 50 then 'severe' when l.worst_cm > 30 then 'moderate' else 'light' end as grade,
       l.rain_30cm
from link_match m
join flood_point p on p.point_id = m.point_id
join level l on l.point_id = p.point_id
order by m.link_id
