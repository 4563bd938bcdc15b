-- refused: use-denied settlement.person_id aggregate:count @3:24 [deny-identifier-aggregate]
-- Subjects are counted with COUNT(DISTINCT …).
select district, count(person_id) as n
from settlement
group by district;
