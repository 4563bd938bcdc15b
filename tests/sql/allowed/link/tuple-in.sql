-- allowed: settlement.district link @5:8
-- Two values looked up together.
select count(*) as n
from settlement
where (district, hospital) in (select district, hospital from hospital);
