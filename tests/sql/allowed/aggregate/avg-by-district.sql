-- allowed: settlement.cost aggregate:avg @3:22
-- A mean per cell.
select district, avg(cost) as mean
from settlement
group by district;
