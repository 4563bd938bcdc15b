-- Sub-queries, WITH, set operations.
select id from sale where price > (select avg(price) from sale) order by id;
select id, price - (select avg(price) from sale) as above from sale order by id;
select id, (select name from shop h where h.shop = s.shop) as name from sale s order by id;
select h.shop, (select count(*) from sale s where s.shop = h.shop) as n, (select max(price) from sale s where s.shop = h.shop and paid) as top from shop h order by h.shop;
select id from sale s where price = (select max(price) from sale x where x.shop = s.shop) order by id;
select id from sale s where qty > (select avg(qty) from sale x where x.kind is not distinct from s.kind) order by id;
select id from sale s where exists (select 1 from shop h where h.shop = s.shop and h.boss = 1) order by id;
select id from sale s where not exists (select * from shop h where h.shop = s.shop) order by id;
select id from sale s where exists (select 1 from sale x where x.shop = s.shop and x.price > s.price and x.id < s.id) order by id;
select id from sale where shop in (select shop from shop where boss is not null) order by id;
select id from sale where shop not in (select shop from shop where boss is not null) order by id;
select id from sale s where kind in (select kind from sale x where x.shop = s.shop and x.qty = 8) order by id;
select id from sale where (shop, qty) in (select shop, boss from shop) order by id;
select id from sale where (shop, kind) not in (select shop, kind from sale where qty > 3) order by id;
select id from sale where shop = any (select shop from shop where boss = 2) order by id;
select id from sale where shop <> all (select shop from shop where boss = 2) order by id;
select id from sale where qty = any (select shop from shop) is not true order by id;
select h.name from shop h where (select count(*) from sale s where s.shop = h.shop) > 40 order by h.name;
select h.name from shop h where h.shop in (select s.shop from sale s where s.qty > 5 and exists (select 1 from sale x where x.id = s.id + 1 and x.paid)) order by h.name;
select (select sum(qty) from sale where paid) * 1.0 / (select sum(qty) from sale);
select (select count(*) from sale), (select count(*) from shop), 1;
select case when exists (select 1 from sale where qty > 100) then 'yes' else 'no' end;
select id, exists (select 1 from shop h where h.shop = s.shop) as known from sale s order by id;
select id, s.shop in (select shop from shop where boss = 1) as one from sale s order by id;
select shop, sum(qty) from sale group by shop having sum(qty) > (select sum(qty) / 8 from sale) order by shop;
select shop, count(*) from sale s group by shop having count(*) = (select count(*) from sale x where x.shop = s.shop) order by shop;
select * from (select * from (select id, qty from sale where id < 9) where qty > 1) order by id;
select t.a, t.b from (select id as a, qty as b from sale) t where t.a < 5 order by 1;
select a + b from (select id, qty from sale) t(a, b) where a < 5 order by a;
with a as (select * from sale where paid), b as (select shop, count(*) as n from a group by shop) select * from b order by shop;
with a as (select shop, sum(qty) as q from sale group by shop), m as (select max(q) as top from a) select a.shop from a, m where a.q = m.top order by 1;
with a(x, y) as (select id, qty from sale where id < 6) select y, x from a order by x;
with t as (select 1 as a), t2 as (select a + 1 as a from t) select * from t union all select * from t2 order by a;
with sale as (select id, qty * 2 as qty from sale) select sum(qty), count(*) from sale;
with a as materialized (select id from sale where id < 4) select * from a order by id;
with a as not materialized (select id from sale where id < 4) select x.id, y.id from a x, a y order by all;
with a as (with b as (select id from sale where id < 5) select id * 2 as id from b) select * from a order by id;
with unused as (select 1 as x) select count(*) from sale;
with a as (select id from sale where id in (select max(id) from sale group by shop)) select * from a order by id;
select * from (with a as (select shop from shop) select shop, count(*) as n from a group by shop) where n = 1 order by shop;
select shop from sale union select shop from shop order by shop;
select shop from sale where id < 20 union all select shop from shop order by 1;
select shop from sale intersect select shop from shop order by 1;
select shop from sale except select shop from shop where boss is null order by 1 nulls last;
select shop from sale where id < 40 intersect all select shop from sale where id > 20 and id < 60 order by 1;
select shop from sale where id < 40 except all select shop from shop order by 1;
select shop from shop union select boss from shop union select qty from sale order by 1;
select shop from shop union all select boss from shop except select 1 order by 1;
select shop from shop union all (select boss from shop except select 1) order by 1;
select shop from shop intersect select boss from shop union select 99 order by 1;
select 1 as a union select 2 intersect select 2 order by a;
(select id from sale order by id limit 2) union all (select id from sale order by id desc limit 2) order by 1;
select * from (select id from sale order by id limit 3) union all select shop from shop where shop > 7 order by 1;
select id, kind from sale where id < 3 union all select shop, name from shop where shop < 3 order by 1, 2;
select id as a, qty as b from sale where id < 4 union all by name select shop as b, boss as c from shop where shop < 4 order by all;
select id as a from sale where id < 4 union by name select shop as a from shop order by a;
select shop, kind from sale where id < 9 union by name select kind, shop from sale where id < 12 order by all;
select count(*) from (select kind from sale union select name from shop);
select a, count(*) from (select shop as a from sale union all select boss from shop) group by a order by a;
with u as (select 'sale' as src, shop from sale union all select 'shop', shop from shop) select src, count(*) from u group by src order by src;
select shop from sale group by shop union select boss from shop order by shop limit 4;
select max(n) from (select count(*) as n from sale group by kind union all select count(*) from shop);
select id from sale where id < 10 order by id offset 3;
select id from sale order by price desc, id limit 5 offset 2;
select id from sale order by id limit 0;
select s.shop, t.top from (select distinct shop from sale) s join (select shop, max(price) as top from sale group by shop) t on s.shop is not distinct from t.shop order by all;
select sum(n) from (select h.shop, (select count(*) from sale s where s.shop = h.shop) as n from shop h);
select h.shop, (select string_agg(kind, ',' order by id) from sale s where s.shop = h.shop and s.id < 40) as kinds from shop h order by 1;
select id, (select min(x.id) from sale x where x.id > s.id and x.kind = s.kind) as next from sale s order by id;
select 1 where exists (select * from sale where qty is null) and not exists (select * from sale where id < 0);
select distinct (select max(shop) from shop) as m, paid from sale order by paid;
select h.name from shop h order by (select count(*) from sale s where s.shop = h.shop), h.name;
-- refused: construct-refused
with recursive t as (select 1 as n union all select n + 1 from t where n < 5) select * from t;
-- refused: construct-refused
select id from sale where qty > all (select shop from shop);
-- refused: construct-refused
select id from sale using sample 5;
-- refused: construct-refused
pivot sale on kind using sum(qty);
-- refused: one-statement
select 1; select 2;
-- refused: construct-refused
select id from sale limit (select 3);
-- refused: unknown-table
select * from 'sale.parquet';
-- refused: construct-refused
select * from main.sale;
-- refused: construct-refused
select * from range(3);
