-- refused: use-denied resident.income extreme @6:14 [deny-l4-extreme]
-- The order of the cells tells whose income is highest.
select home
from resident
group by home
order by max(income) desc;
