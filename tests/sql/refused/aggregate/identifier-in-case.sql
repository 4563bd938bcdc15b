-- refused: use-denied settlement.person_id aggregate:sum @3:37 [deny-identifier-aggregate]
-- CASE lets the identifier through.
select sum(case when sex = 'f' then person_id else 0 end) as s
from settlement;
