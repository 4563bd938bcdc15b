-- title: The exact stake as a key is not applied for / 未申请以精确桩号为键
-- expect: refused use-not-granted
-- uses: analyses/uses.toml
-- at: 5:14
select road, stake_km, count(*) as incidents
from hw_incident
group by road, stake_km
