-- allowed: settlement.day filter:range @5:7
-- Between two days.
select hospital, avg(cost) as mean
from settlement
where day between date '2025-01-01' and date '2025-03-31'
group by hospital;
