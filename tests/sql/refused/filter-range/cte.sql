-- refused: use-not-granted settlement.hospital filter:range @6:7 [no-match-refuses]
-- Under another name, outside.
with t as (select hospital as cost from settlement)
select count(*) as n
from t
where cost >= 'M';
