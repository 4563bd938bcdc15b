-- refused: use-denied settlement.cost extreme @4:12 [deny-l3-extreme]
-- Another name, another query.
with t as (select cost as ward from settlement)
select min(ward) as low
from t;
