-- title: Incidents by segment: the first of a pair / 各路段事件数：两次查询之一
-- expect: checked
select road, segment_10km, count(*) as incidents from hw_incident group by road, segment_10km
