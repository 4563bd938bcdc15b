-- title: How many vehicles come often? / 常客车辆数
-- expect: checked
-- suppressed: some
select visits, count(*) as vehicles
from (select plate, count(*) as visits from park_event group by plate) v
group by visits
order by visits
