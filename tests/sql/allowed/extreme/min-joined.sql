-- allowed: resident.birth_year extreme @3:24
-- Across a join of the same people.
select s.district, min(r.birth_year) as oldest
from settlement s join resident r on r.person_id = s.person_id
group by s.district;
