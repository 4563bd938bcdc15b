-- title: The same without three rare destinations: the difference is a few aircraft / 去掉三个罕见目的地再查：差值仅数架
-- expect: checked
-- after: carriers_by_origin.sql
-- stopped: some
select carrier, origin, count(*) as flights
from flights
where dest not in ('LEX', 'OMA', 'SBN')
group by carrier, origin
