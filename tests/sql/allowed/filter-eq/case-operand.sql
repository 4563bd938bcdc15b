-- allowed: settlement.sex filter:eq @3:17
-- CASE with an operand compares it with each WHEN.
select sum(case sex when 'f' then cost when 'm' then 0 end) as women
from settlement;
