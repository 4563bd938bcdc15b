-- refused: use-not-granted settlement.emergency group @3:8 [no-match-refuses]
-- Held as a filter is not held as a label.
select emergency, count(*) as n, avg(cost) as mean
from settlement
group by emergency;
