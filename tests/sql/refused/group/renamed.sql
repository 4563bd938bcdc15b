-- refused: use-denied settlement.diagnosis group @4:8 [deny-l4-group]
-- Called like a field that is held.
with t as (select diagnosis as hospital, cost from settlement)
select hospital, sum(cost) as total
from t
group by hospital;
