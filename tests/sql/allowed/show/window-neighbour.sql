-- allowed: hospital.beds show @4:19
-- A window over rows without subjects shows the value of a neighbour.
select hospital,
       beds - lag(beds) over (order by opened) as grown_by
from hospital;
