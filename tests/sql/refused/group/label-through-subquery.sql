-- refused: use-not-granted hospital.rating group @3:8 [no-match-refuses]
-- Grouped inside, shown outside.
select stars, n
from (select round(rating) as stars, count(*) as n from hospital group by 1) t
where n > 2;
