-- refused: use-not-granted hospital.rating aggregate:sum @5:26 [no-match-refuses]
-- In a sub-query that a condition compares with.
select hospital
from hospital
where beds > (select sum(rating) from hospital);
