-- allowed: settlement.district filter:eq @6:7
-- Outside of the WITH query, under another name.
with t as (select district as d, cost from settlement)
select avg(cost) as mean
from t
where d = 'Yuhang';
