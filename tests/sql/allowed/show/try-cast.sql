-- allowed: hospital.opened show @3:27
-- A cast changes the type and not the value.
select hospital, try_cast(opened as varchar) as since
from hospital
where beds between 100 and 900;
