-- title: A list of plates / 车牌清单
-- expect: refused use-denied
select distinct plate, road
from hw_incident
where kind = '追尾'
