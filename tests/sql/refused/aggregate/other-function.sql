-- refused: use-not-granted settlement.age aggregate:stddev @3:38 [no-match-refuses]
-- The mean is held, the spread is not.
select sex, avg(age) as mean, stddev(age) as spread
from settlement
group by sex;
