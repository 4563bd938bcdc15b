-- allowed: settlement.hospital link @5:18
-- A join with the operator's own table.
select c.clinic, count(*) as n
from settlement s
join clinic c on s.hospital = c.hospital
group by c.clinic;
