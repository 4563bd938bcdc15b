-- allowed: settlement.district filter:eq @6:8
-- HAVING compares a label.
select district, count(*) as n
from settlement
group by district
having district <> 'Yuhang';
