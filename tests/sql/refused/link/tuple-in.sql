-- refused: use-not-granted settlement.sex link @5:18 [no-match-refuses]
-- The second of two values looked up together.
select count(*) as n
from settlement
where (district, sex) in (select district, clinic from clinic);
