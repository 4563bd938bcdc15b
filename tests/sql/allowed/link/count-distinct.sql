-- allowed: settlement.person_id link @3:33
-- How many people?
select district, count(distinct person_id) as people
from settlement
group by district;
