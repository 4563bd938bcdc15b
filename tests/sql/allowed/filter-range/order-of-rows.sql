-- allowed: hospital.rating filter:range @5:10
-- An order compares values.
select hospital, beds
from hospital
order by rating desc, beds
limit 10;
