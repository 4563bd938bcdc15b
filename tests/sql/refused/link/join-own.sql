-- refused: use-not-granted hospital.kind link @5:18 [no-match-refuses]
-- A join with the operator's own table.
select c.clinic, h.beds
from hospital h
join clinic c on h.kind = c.clinic;
