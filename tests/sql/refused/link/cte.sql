-- refused: use-not-granted area.population link @6:20 [no-match-refuses]
-- Under another name, outside.
with a as (select population as district from area)
select c.clinic
from clinic c
join a on c.beds = a.district;
