-- refused: use-not-granted settlement.severity aggregate:sum @6:12 [no-match-refuses]
-- Only in HAVING.
select hospital, count(*) as n
from settlement
group by hospital
having sum(severity) > 100;
