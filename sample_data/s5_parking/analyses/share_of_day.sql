-- title: Share of each hour in the day: a window above the aggregation / 各小时占比：聚合之上的窗口
-- expect: checked
with hours as (
  select hour(enter_time) as h, count(*) as entries
  from park_event
  group by hour(enter_time)
)
select h, entries, round(entries * 1.0 / sum(entries) over (), 4) as share
from hours
order by h
