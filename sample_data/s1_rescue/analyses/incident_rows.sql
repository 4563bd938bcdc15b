-- title: Incidents row by row / 逐行取出事件
-- expect: refused rows-of-units
-- at: 4:8
select call_time, road, stake_km, seconds_to_arrive
from hw_incident
where road = 'S43 机场'
