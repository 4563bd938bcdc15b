-- allowed: settlement.district group @3:8
-- A window above the cells ranks them.
select district, hospital, rank() over (partition by district order by count(*) desc) as place
from settlement
group by district, hospital;
