-- refused: use-not-granted hospital.address extreme @3:24 [no-match-refuses]
-- Held to be shown is not held to be picked.
select district, first(address order by opened) as oldest_place
from hospital
group by district;
