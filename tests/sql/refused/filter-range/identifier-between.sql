-- refused: use-denied resident.phone filter:range @5:7 [deny-identifier-filter]
-- Between two numbers.
select avg(income) as mean
from resident
where phone between 100 and 200;
