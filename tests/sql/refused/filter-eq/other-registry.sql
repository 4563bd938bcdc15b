-- refused: use-denied resident.phone filter:eq @7:7 [deny-identifier-filter]
-- also: use-denied settlement.person_id filter:eq @7:17 [deny-identifier-filter]
-- References of two registries mean nothing to each other; also the second field is refused.
select count(*) as n
from settlement s
join resident r on r.person_id = s.person_id
where r.phone = s.person_id;
