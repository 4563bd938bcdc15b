-- allowed: hospital.beds aggregate:avg @5:26
-- A mean to compare rows with.
select hospital
from hospital
where beds > (select avg(beds) from hospital);
