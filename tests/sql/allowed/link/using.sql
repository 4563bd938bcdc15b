-- allowed: settlement.person_id link @4:38
-- USING links the column of both tables at one place.
select count(*) as n
from settlement join resident using (person_id);
