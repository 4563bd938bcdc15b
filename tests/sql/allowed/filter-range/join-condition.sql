-- allowed: hospital.beds filter:range @5:44
-- A join may compare by order.
select h.hospital, a.region
from hospital h
join area a on a.district = h.district and h.beds > a.population // 1000;
