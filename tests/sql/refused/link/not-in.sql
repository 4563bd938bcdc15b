-- refused: use-not-granted settlement.sex link @6:7 [no-match-refuses]
-- Not among the operator's own values.
select count(*) as n
from settlement s
where s.hospital = 'First'
  and s.sex not in (select clinic from clinic);
