-- refused: use-not-granted hospital.kind filter:range @3:40 [no-match-refuses]
-- The order of a window.
select hospital, rank() over (order by kind) as place
from hospital;
