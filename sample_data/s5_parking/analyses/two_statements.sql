-- title: Two statements at once / 一次两条语句
-- expect: refused one-statement
select count(*) from park_event; select * from park_lot
