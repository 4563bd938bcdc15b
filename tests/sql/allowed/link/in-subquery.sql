-- allowed: settlement.person_id link @5:7
-- Looked up among those of another table.
select avg(cost) as mean
from settlement
where person_id in (select person_id from resident where insured);
