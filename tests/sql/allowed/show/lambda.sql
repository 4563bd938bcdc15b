-- allowed: hospital.beds show @3:43
-- The parameter of a lambda holds what its list holds.
select hospital, list_sum(list_transform([beds, 10], lambda x: x + 1)) as some
from hospital;
