-- allowed: settlement.cost filter:range @3:41
-- In FILTER.
select district, count(*) filter (where cost > 1000) as dear, count(*) as n
from settlement
group by district;
