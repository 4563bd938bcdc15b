-- title: Kinds of incident by segment: rare kinds are suppressed / 各路段事件类型：罕见类型被抑制
-- expect: checked
-- suppressed: some
select road, segment_10km, kind, count(*) as incidents, count(distinct call_date) as days
from hw_incident
group by all
order by incidents desc
