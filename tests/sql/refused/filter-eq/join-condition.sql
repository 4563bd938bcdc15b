-- refused: use-not-granted settlement.ward filter:eq @5:50 [no-match-refuses]
-- Beside the key of a join.
select count(*) as n
from settlement s
join resident r on r.person_id = s.person_id and s.ward = 3;
