-- title: Cancelled flights by month / 各月取消航班
-- expect: checked
select month,
       count(*) as scheduled,
       count(*) filter (where dep_time is null) as cancelled
from flights
group by month
order by month
