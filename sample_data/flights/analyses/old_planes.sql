-- title: Delays by age of the aircraft: two tables of one unit / 按机龄统计延误：同一主体的两张表
-- expect: checked
with aged as (
    select f.arr_delay, 2013 - p.year as age
    from flights f join planes p on p.tailnum = f.tailnum
    where p.year is not null
)
select case when age < 5 then 'under 5' when age < 15 then '5 to 14' else '15 and more' end as age_band,
       count(*) as flights, avg(arr_delay) as mean_arr_delay, stddev(arr_delay) as spread
from aged
group by age_band
