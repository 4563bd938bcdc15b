-- refused: use-not-granted hospital.beds group @3:14 [no-match-refuses]
-- A key of ROLLUP.
select kind, beds, count(*) as n
from hospital
group by rollup (kind, beds);
