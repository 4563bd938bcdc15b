-- refused: use-not-granted settlement.day extreme @3:22 [no-match-refuses]
-- No rule forbids it, and nobody granted it.
select hospital, max(day) as last_day
from settlement
group by hospital;
