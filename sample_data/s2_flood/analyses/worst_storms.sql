-- title: The ten deepest readings / 最深的十次积水
-- expect: checked
-- suppressed: none
select w.time, p.name, w.rain_mm_1h, w.depth_cm
from water_level w join flood_point p using (point_id)
where w.depth_cm is not null
order by w.depth_cm desc, w.time, p.name
limit 10
