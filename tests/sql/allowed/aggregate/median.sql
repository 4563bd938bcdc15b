-- allowed: settlement.cost aggregate:median @3:25
-- People judge a median; the use itself is permitted.
select district, median(cost) as middle
from settlement
group by district;
