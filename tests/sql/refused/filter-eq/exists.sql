-- refused: use-not-granted resident.education filter:eq @8:11 [no-match-refuses]
-- In EXISTS.
select count(*) as n
from settlement s
where exists (
    select 1 from resident r
    where r.person_id = s.person_id
      and r.education = 'none'
);
