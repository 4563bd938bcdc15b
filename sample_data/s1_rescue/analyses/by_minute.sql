-- title: The exact minute as a key: thin cells are suppressed / 以精确分钟为键：单元过细而被抑制
-- expect: checked
-- suppressed: some
select date_trunc('minute', call_time) as minute, count(*) as calls
from hw_incident
group by 1
