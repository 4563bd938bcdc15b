-- refused: use-denied settlement.diagnosis extreme @3:28 [deny-l4-extreme]
-- Anyone's diagnosis is someone's.
select hospital, any_value(diagnosis) as one_of_them
from settlement
group by hospital;
