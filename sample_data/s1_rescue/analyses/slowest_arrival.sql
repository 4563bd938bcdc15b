-- title: Fastest and slowest arrival by road / 各道路最快与最慢到场
-- expect: review
select road, min(seconds_to_arrive) as fastest, max(seconds_to_arrive) as slowest
from hw_incident
group by road
