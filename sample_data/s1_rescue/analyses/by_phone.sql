-- title: Calls by phone / 按来电号码统计
-- expect: refused use-denied
-- at: 4:8
select caller_phone, count(*) as calls
from hw_incident
group by caller_phone
having count(*) > 20
