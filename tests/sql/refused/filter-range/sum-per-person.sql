-- refused: use-not-granted settlement.own_share filter:range @5:7 [no-match-refuses]
-- A sum over one person's rows is that person's value.
select count(*) as n
from (select person_id, sum(own_share) as o from settlement group by person_id)
where o > 100;
