-- allowed: hospital.budget show @3:18
-- An L2 field leaves row by row where the table has no subjects.
select a.region, h.budget
from area a
left join hospital h on h.district = a.district;
