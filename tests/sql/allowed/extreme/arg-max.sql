-- allowed: hospital.rating extreme @3:32
-- ARG_MAX shows one field and looks for the largest of another: both are extremes.
select district, arg_max(beds, rating) as beds_of_the_best
from hospital
group by district;
