-- refused: use-not-granted settlement.sex link @5:7 [no-match-refuses]
-- Looked up among the operator's own values.
select count(*) as n
from settlement
where sex in (select clinic from clinic);
