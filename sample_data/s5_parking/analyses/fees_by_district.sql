-- title: Fees by district and week / 各区各周停车费
-- expect: checked
-- suppressed: none
select l.district, date_trunc('week', e.enter_time) as week, sum(e.fee_cny) as fees, count(distinct e.plate) as vehicles
from park_event e inner join park_lot l using (lot_id)
group by 1, 2
order by 1, 2
