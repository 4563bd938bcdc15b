-- title: The longest stay of each lot / 各停车场最长停留
-- expect: review
select lot_id, max(date_diff('minute', enter_time, leave_time)) as longest
from park_event
group by lot_id
