-- allowed: hospital.beds show @3:28
-- A value packed into a struct and taken out again.
select hospital, ({'beds': beds, 'since': opened}).beds as again
from hospital;
