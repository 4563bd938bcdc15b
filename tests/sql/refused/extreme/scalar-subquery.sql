-- refused: use-not-granted area.density extreme @5:28 [no-match-refuses]
-- In a sub-query that a condition compares with.
select hospital
from hospital
where rating > (select min(density) from area);
