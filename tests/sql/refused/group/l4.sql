-- refused: use-denied settlement.diagnosis group @3:8 [deny-l4-group]
-- An L4 value labels nothing.
select diagnosis, count(*) as n
from settlement
group by diagnosis
order by n desc;
