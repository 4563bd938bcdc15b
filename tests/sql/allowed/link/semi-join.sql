-- allowed: resident.person_id link @5:25
-- A SEMI JOIN is an EXISTS.
select count(*) as n
from settlement s
semi join resident r on r.person_id = s.person_id;
