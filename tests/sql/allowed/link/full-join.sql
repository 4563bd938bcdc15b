-- allowed: area.district link @5:40
-- An outer join on both sides of open tables.
select a.region, h.beds
from hospital h
full outer join area a on h.district = a.district;
