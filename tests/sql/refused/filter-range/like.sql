-- refused: use-not-granted settlement.diagnosis filter:range @5:7 [no-match-refuses]
-- A prefix tries the letters one by one.
select count(*) as n
from settlement
where diagnosis like 'J%';
