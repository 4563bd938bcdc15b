-- refused: use-not-granted hospital.kind link @5:23 [no-match-refuses]
-- The equality of an ASOF JOIN.
select h.hospital, c.clinic
from hospital h
asof join clinic c on h.kind = c.clinic and h.opened >= c.since;
