-- allowed: hospital.district link @3:44
-- Rows of one partition are equal in its key.
select hospital, rank() over (partition by district order by rating desc) as place
from hospital;
