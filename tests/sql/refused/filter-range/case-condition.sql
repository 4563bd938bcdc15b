-- refused: use-not-granted settlement.severity filter:range @3:36 [no-match-refuses]
-- In CASE.
select avg(case when emergency and severity > 3 then cost end) as mean
from settlement;
