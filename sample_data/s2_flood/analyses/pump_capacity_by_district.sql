-- title: Pump capacity by district: dominated cells are suppressed / 各区泵站能力：主导单元被抑制
-- expect: checked
select district, kind, sum(pump_m3h) as capacity, count(*) as points
from flood_point
group by district, kind
