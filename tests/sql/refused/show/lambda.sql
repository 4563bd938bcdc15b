-- refused: use-not-granted hospital.doctors show @3:43 [no-match-refuses]
-- A lambda works with the values of its list.
select hospital, list_sum(list_transform([doctors], lambda x: x * 2)) as twice
from hospital;
