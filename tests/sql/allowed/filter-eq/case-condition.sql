-- allowed: settlement.sex filter:eq @3:22
-- A condition in CASE.
select sum(case when sex = 'm' then cost end) as men
from settlement;
