-- allowed: settlement.day group @3:28
-- A function of a field labels the cells; GROUP BY names it by its position.
select date_trunc('month', day) as month, count(*) as n
from settlement
group by 1;
