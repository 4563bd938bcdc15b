-- title: The same without the longest stays: the difference is a few vehicles / 去掉超长停留再查：差值仅数辆
-- expect: checked
-- after: lots_all.sql
-- stopped: some
select lot_id, count(*) as entries
from park_event
where date_diff('minute', enter_time, leave_time) <= 540
group by lot_id
