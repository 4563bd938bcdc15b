-- allowed: hospital.beds filter:range @5:9
-- QUALIFY compares with a window's mean.
select hospital, district
from hospital
qualify beds > avg(beds) over (partition by district);
