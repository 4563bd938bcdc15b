-- refused: use-denied settlement.person_id filter:eq @5:7 [deny-identifier-filter]
-- A list of the operator's own numbers picks people.
select count(*) as n
from settlement
where person_id in (select beds from clinic);
