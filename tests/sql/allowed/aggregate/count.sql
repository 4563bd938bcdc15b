-- allowed: settlement.discharged aggregate:count @3:14
-- COUNT of a field counts the rows in which it is.
select count(discharged) as gone_home, count(*) as all_of_them
from settlement;
