-- refused: use-not-granted resident.home filter:range @5:76 [no-match-refuses]
-- In EXISTS.
select count(*) as n
from settlement s
where exists (select 1 from resident r where r.person_id = s.person_id and r.home >= 'M');
