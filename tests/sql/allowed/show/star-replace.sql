-- allowed: area.population show @3:43
-- A column written beside a star has its own place.
select * exclude (density, seat) replace (population // 1000 as population)
from area;
