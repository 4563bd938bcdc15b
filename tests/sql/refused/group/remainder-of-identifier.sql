-- refused: use-denied settlement.person_id group @3:8 [deny-identifier-group]
-- A remainder of an identifier picks arbitrary people.
select person_id % 7 as bucket, count(*) as n
from settlement
group by bucket;
