-- allowed: settlement.district group @3:17
-- DISTINCT rows are cells, their columns labels.
select distinct district
from settlement;
