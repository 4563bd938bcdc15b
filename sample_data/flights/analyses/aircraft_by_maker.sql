-- title: Aircraft and seats by maker / 各制造商的飞机与座位
-- expect: checked
-- suppressed: some
select manufacturer, count(*) as aircraft, sum(seats) as seats
from planes
group by manufacturer
having count(*) >= 2
order by aircraft desc
