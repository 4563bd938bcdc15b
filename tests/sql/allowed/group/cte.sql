-- allowed: settlement.hospital group @4:8
-- The label is written outside, the field is inside.
with s as (select hospital as h, cost from settlement)
select h, sum(cost) as total
from s
group by h;
