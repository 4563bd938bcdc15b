-- allowed: hospital.district group @3:8
-- Sub-totals have labels too.
select district, kind, count(*) as n
from hospital
group by rollup (district, kind);
