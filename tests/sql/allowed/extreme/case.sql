-- allowed: hospital.beds extreme @3:44
-- A branch of CASE is the argument.
select max(case when kind = 'general' then beds end) as beds
from hospital;
