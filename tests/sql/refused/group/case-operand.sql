-- refused: use-denied settlement.diagnosis group @3:13 [deny-l4-group]
-- The label tells what CASE compared.
select case diagnosis when 'asthma' then 'lungs' else 'other' end as organ, count(*) as n
from settlement
group by organ;
