-- allowed: hospital.beds extreme @3:22
-- Over a window of open rows.
select hospital, max(beds) over (partition by district) as most_here
from hospital;
