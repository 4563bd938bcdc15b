-- refused: use-not-granted settlement.age aggregate:sum @6:14 [no-match-refuses]
-- Only in ORDER BY.
select district
from settlement
group by district
order by sum(age) desc;
