-- title: Flights by carrier and airport: the first of a pair / 各承运人各机场航班数：两次查询之一
-- expect: checked
select carrier, origin, count(*) as flights from flights group by carrier, origin
