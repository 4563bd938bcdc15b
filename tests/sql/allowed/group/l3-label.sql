-- allowed: resident.education group @3:8
-- An L3 field may label checked cells.
select education, count(distinct person_id) as people
from resident
group by education;
