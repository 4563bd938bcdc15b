-- allowed: area.district link @5:12
-- A set operation whose values are only counted.
select count(*) as common
from (
    select district from area
    intersect
    select district from hospital
) t;
