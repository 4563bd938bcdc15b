-- allowed: hospital.district link @5:23
-- The equality of an ASOF JOIN; its order is a filter.
select h.hospital, c.clinic
from hospital h
asof join clinic c on h.district = c.district and h.opened >= c.since;
