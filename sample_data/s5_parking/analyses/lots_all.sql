-- title: Entries by lot: the first of a pair / 各停车场进场量：两次查询之一
-- expect: checked
select lot_id, count(*) as entries from park_event group by lot_id
