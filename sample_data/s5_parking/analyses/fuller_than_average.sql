-- title: Lots with more entries than the average lot / 进场量高于平均的停车场
-- expect: checked
with per_lot as (select lot_id, count(*) as entries from park_event group by lot_id)
select lot_id, entries
from per_lot
where entries > (select avg(entries) from per_lot)
order by entries desc
