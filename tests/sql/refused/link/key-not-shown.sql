-- refused: use-not-granted settlement.ward link @5:10 [no-match-refuses]
-- A key that is not shown is a key.
select count(*) as n
from settlement
group by ward;
