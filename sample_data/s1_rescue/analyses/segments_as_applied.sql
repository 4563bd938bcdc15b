-- title: The same by segment, as applied for / 按申请以路段统计
-- expect: checked
-- uses: analyses/uses.toml
select road, segment_10km, count(*) as incidents, avg(seconds_to_arrive) as mean_seconds
from hw_incident
group by road, segment_10km
