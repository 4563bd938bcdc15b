-- title: Middle of the points of a district / 各区积水点的中心
-- expect: checked
select district, count(*) as points, avg(lon) as lon, avg(lat) as lat
from flood_point
group by district
