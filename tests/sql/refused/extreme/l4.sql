-- refused: use-denied settlement.severity extreme @3:22 [deny-l4-extreme]
-- The largest value of an L4 field.
select district, max(severity) as worst
from settlement
group by district;
