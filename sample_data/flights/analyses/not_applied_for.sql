-- title: A use that was not applied for / 未申请的用途
-- expect: refused use-not-granted
-- uses: analyses/uses.toml
-- at: 7:7
select dest, count(*) as flights
from flights
where air_time > 300
group by dest
