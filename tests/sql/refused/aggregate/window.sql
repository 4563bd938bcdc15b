-- refused: use-not-granted hospital.rating aggregate:sum @3:22 [no-match-refuses]
-- A running sum is a sum.
select hospital, sum(rating) over (order by opened) as so_far
from hospital;
