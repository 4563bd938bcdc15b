-- refused: use-not-granted settlement.day link @3:39 [no-match-refuses]
-- COUNT(DISTINCT …) of a function of the field.
select hospital, count(distinct month(day)) as months
from settlement
group by hospital;
