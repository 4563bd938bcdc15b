-- title: The same without fires: the difference would show them / 去掉自燃后再查：差值会暴露个例
-- expect: checked
-- after: segments_all.sql
-- stopped: some
select road, segment_10km, count(*) as incidents
from hw_incident
where kind <> '自燃'
group by road, segment_10km
