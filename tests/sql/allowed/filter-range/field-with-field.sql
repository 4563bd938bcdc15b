-- allowed: settlement.admitted filter:range @5:7
-- One field with another.
select count(*) as n
from settlement
where admitted < discharged;
