-- title: Mean stay by kind of lot / 各类停车场平均停留
-- expect: checked
-- suppressed: none
select l.kind, count(*) as stays,
       avg(date_diff('minute', e.enter_time, e.leave_time)) as mean_minutes
from park_event as e, park_lot as l
where e.lot_id = l.lot_id and e.leave_time is not null
group by l.kind
