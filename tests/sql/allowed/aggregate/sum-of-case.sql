-- allowed: settlement.cost aggregate:sum @3:37
-- The branch of CASE is summed, its condition is not.
select sum(case when sex = 'f' then cost else 0 end) as women
from settlement;
