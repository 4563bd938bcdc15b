-- title: The longest delay of each carrier / 各承运人最长延误
-- expect: review
select carrier, max(arr_delay) as longest from flights group by carrier
