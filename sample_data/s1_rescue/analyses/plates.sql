-- title: A list of plates / 车牌清单
-- expect: refused use-denied
-- at: 4:17
select distinct plate, road
from hw_incident
where kind = '追尾'
