-- title: Two statements at once / 一次两条语句
-- expect: refused one-statement
-- at: 4:34
select count(*) from park_event; select * from park_lot
