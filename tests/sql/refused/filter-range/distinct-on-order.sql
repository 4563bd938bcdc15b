-- refused: use-not-granted hospital.address filter:range @5:18 [no-match-refuses]
-- The order that DISTINCT ON picks by.
select distinct on (district) district, beds
from hospital
order by rating, address;
