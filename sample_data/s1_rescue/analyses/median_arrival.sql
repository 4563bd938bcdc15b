-- title: Median arrival by district / 各区县到场用时中位数
-- expect: review
select region, median(seconds_to_arrive) as median_seconds from hw_incident group by region
