-- allowed: area.region group @3:18
-- Several tables of cells in one.
select district, region, sum(population) as people
from area
group by grouping sets ((district), (region), ());
