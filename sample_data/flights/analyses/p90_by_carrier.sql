-- title: p90 of the arrival delay / 到达延误 p90
-- expect: review
select carrier, quantile_cont(arr_delay, 0.9) as p90 from flights group by carrier
