-- refused: use-not-granted settlement.ward filter:eq @3:41 [no-match-refuses]
-- In FILTER.
select district, count(*) filter (where ward = 3) as n, count(*) as all_of_them
from settlement
group by district;
