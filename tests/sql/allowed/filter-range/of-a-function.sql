-- allowed: settlement.admitted filter:range @5:24
-- A duration compares both of its ends.
select count(*) as n
from settlement
where date_diff('day', admitted, discharged) > 3;
