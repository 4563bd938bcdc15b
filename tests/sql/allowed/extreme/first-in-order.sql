-- allowed: hospital.beds extreme @3:24
-- The first in an order.
select district, first(beds order by opened) as beds_of_the_oldest
from hospital
group by district;
