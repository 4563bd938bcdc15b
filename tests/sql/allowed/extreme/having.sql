-- allowed: hospital.rating extreme @6:12
-- Only in HAVING.
select district
from hospital
group by district
having min(rating) > 2;
