-- refused: use-not-granted settlement.day link @4:54 [no-match-refuses]
-- A mean of sums per day needs the day as a key.
select avg(c) as mean
from (select sum(cost) as c from settlement group by day) t;
