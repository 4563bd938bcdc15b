-- Each query after the exact uses it makes, in order of place: dataset.field=use@line:column.
-- uses: p.a=show@1:8
select a
from p;
-- uses: p.a=show@1:8
select a as b
from p;
-- uses: p.a=show@1:8 p.b=show@1:12
select a + b
from p;
-- uses: 
select count(*)
from p;
-- uses: p.a=group@1:8
select a, count(*)
from p group by a;
-- uses: p.a=link@2:17
select count(*)
from p group by a;
-- uses: p.a=aggregate:sum@1:12
select sum(a)
from p;
-- uses: p.a=aggregate:avg@1:12 p.b=aggregate:avg@1:16
select avg(a * b)
from p;
-- uses: p.a=extreme@1:12
select max(a)
from p;
-- uses: p.a=aggregate:median@1:15
select median(a)
from p;
-- uses: p.a=aggregate:count@1:14 p.b=link@1:33
select count(a), count(distinct b)
from p;
-- uses: p.a=aggregate:sum@1:12 p.f=filter:eq@1:29
select sum(a) filter (where f)
from p;
-- uses: p.a=filter:eq@2:14
select count(*)
from p where a = 1;
-- uses: p.a=filter:range@2:14 p.b=filter:range@2:18
select count(*)
from p where a > b;
-- uses: p.a=link@2:14 p.b=link@2:18
select count(*)
from p where a = b;
-- uses: p.s=filter:range@2:14
select count(*)
from p where s like 'x%';
-- uses: p.a=filter:eq@2:14
select count(*)
from p where a is null;
-- uses: p.f=filter:eq@2:14
select count(*)
from p where f;
-- uses: p.a=filter:eq@2:14 p.b=filter:range@2:30
select count(*)
from p where a in (1, 2) and b between 1 and 2;
-- uses: p.a=filter:eq@2:19 p.b=filter:range@2:28
select count(*)
from p where not (a = 1 or b < 2);
-- uses: p.id=link@2:18 q.id=link@2:25
select count(*)
from p join q on p.id = q.id;
-- uses: p.id=link@2:22 q.id=link@2:22
select count(*)
from p join q using (id);
-- uses: p.a=link@2:18 q.c=link@2:24
select count(*)
from p join q on p.a = q.c;
-- uses: p.id=link@2:14 q.id=link@2:28 q.c=filter:range@2:44
select count(*)
from p where id in (select id from q where c > 1);
-- uses: q.id=link@2:44 p.id=link@2:51 q.c=filter:eq@2:60
select count(*)
from p where exists (select 1 from q where q.id = p.id and c = 2);
-- uses: p.f=filter:eq@1:22 p.a=aggregate:sum@1:29 p.b=aggregate:sum@1:36
select sum(case when f then a else b end)
from p;
-- uses: p.a=filter:range@1:18 p.a=group@1:18
select case when a > 1 then 'x' end k, count(*)
from p group by k;
-- uses: p.s=group@1:14
select upper(s) k, count(*)
from p group by 1;
-- uses: p.a=group@1:17
select distinct a
from p;
-- uses: p.a=link@2:23
select count(*)
from (select distinct a from p);
-- uses: p.a=aggregate:sum@2:20
with t as (select a x
from p) select sum(x) from t;
-- uses: p.a=group@2:42 q.c=group@2:42
with t as (select a x
from p union all select c from q) select x, count(*) from t group by x;
-- uses: p.s=show@1:8 p.a=filter:range@2:17
select s
from p order by a;
-- uses: p.a=group@1:8 p.b=aggregate:sum@1:15 p.b=aggregate:sum@2:30
select a, sum(b)
from p group by a having sum(b) > 3 order by sum(b);
-- uses: p.a=aggregate:sum@1:16 p.b=link@2:17
select sum(sum(a)) over (partition by b)
from p group by b;
-- uses: p.a=aggregate:sum@1:16 p.a=show@1:16 p.id=link@2:17 p.b=link@2:21
select sum(sum(a)) over (partition by id)
from p group by id, b;
-- uses: p.a=aggregate:sum@1:12 p.a=show@1:12 p.b=link@1:34
select sum(a) over (partition by b)
from p;
-- uses: p.a=link@1:34 p.b=filter:range@1:45
select rank() over (partition by a order by b)
from p;
-- uses: p.id=group@1:8 p.a=aggregate:sum@1:16 p.a=show@1:16
select id, sum(a)
from p group by id;
-- uses: p.a=aggregate:sum@2:22 p.id=link@2:43
select avg(x)
from (select id, sum(a) x from p group by id);
-- uses: p.a=filter:range@2:14 q.c=aggregate:avg@2:30
select count(*)
from p where a > (select avg(c) from q);
-- uses: p.a=show@1:17 p.b=show@1:20 p.a=show@1:24
select coalesce(a, b), a::varchar
from p;
-- uses: q.c=show@2:6 q.d=show@2:6 q.id=show@2:6
select *
from q;
-- uses: q.d=group@1:13
select year(d), count(*)
from q group by all;
-- uses: p.s=filter:eq@2:21
select count(*)
from p where length(s) = 3;
-- uses: p.a=filter:range@1:8 p.a=group@1:8
select a b, count(*)
from p group by a having b > 1;
-- uses: p.id=filter:eq@2:14
select count(*)
from p where id is null;
-- uses: p.id=link@2:17 q.id=link@2:24 p.id=filter:eq@2:33
select count(*)
from p, q where p.id = q.id and p.id = 42;
-- uses: p.id=link@1:23
select count(distinct id)
from p;
-- uses: p.a=group@1:8 p.a=aggregate:sum@2:22 p.id=link@2:43
select x, count(*)
from (select id, sum(a) x from p group by id) group by x;
-- uses: p.a=aggregate:sum@2:22 p.id=link@2:43 p.a=filter:range@2:53
select count(*)
from (select id, sum(a) x from p group by id) where x > 5;
-- uses: p.id=link@2:33 p.a=aggregate:sum@2:47 p.a=filter:range@2:47
select count(*)
from (select id from p group by id having sum(a) > 5);
-- uses: p.a=extreme@1:12 p.a=aggregate:sum@2:22 p.id=link@2:44
select max(x)
from (select id, sum(a) over (partition by id) x from p);
-- uses: q.c=aggregate:sum@2:26 q.id=link@2:42 p.id=link@2:49
select sum(x)
from (select (select sum(c) from q where q.id = p.id) x from p);
-- uses: q.c=group@1:8 q.c=aggregate:sum@2:26 q.id=link@2:42 p.id=link@2:49
select x, count(*)
from (select (select sum(c) from q where q.id = p.id) x from p) group by x;
-- uses: p.id=link@2:45
select n, count(*)
from (select id, count(*) n from p group by id) group by n;
-- uses: p.a=show@2:6 p.b=show@2:6 p.f=show@2:6 p.id=show@2:6 p.s=show@2:6 p.a=filter:eq@2:14
select *
from p where a = 1;
-- uses: q.c=show@1:13 p.a=show@2:6 p.b=show@2:6 p.f=show@2:6 p.id=show@2:6 p.s=show@2:6 p.id=link@2:18 q.id=link@2:25
select p.*, c
from p join q on p.id = q.id;
-- uses: p.a=show@1:38 p.a=show@2:6
select * exclude (id, s, f) replace (a + 1 as b)
from p;
-- uses: p.a=group@1:8 p.b=group@1:11
select a, b, count(*)
from p group by rollup (a, b);
-- uses: p.b=aggregate:sum@1:25 p.a=link@2:33 p.s=link@2:36
select grouping(a), sum(b)
from p group by grouping sets ((a, s), ());
-- uses: p.a=link@1:21 p.b=show@1:24 p.s=filter:range@2:17
select distinct on (a) b
from p order by s;
-- uses: p.s=extreme@1:19 p.a=filter:range@1:35
select string_agg(s, ',' order by a)
from p;
-- uses: p.a=filter:eq@2:15 p.b=filter:eq@2:18
select count(*)
from p where (a, b) in ((1, 2));
-- uses: p.id=link@2:15 p.a=link@2:19 q.id=link@2:33 q.c=link@2:37
select count(*)
from p where (id, a) in (select id, c from q);
-- uses: p.id=link@2:15 p.a=filter:eq@2:21 p.id=link@2:27
select count(*)
from p where (p.id, a) = (p.id, 1);
-- uses: p.a=show@1:20 p.b=link@1:55 p.s=filter:range@1:66
select first_value(a ignore nulls) over (partition by b order by s)
from p;
-- uses: p.s=filter:range@2:14 p.s=filter:range@2:30
select count(*)
from p where s glob 'a*' and s similar to 'b.*';
-- uses: p.s=group@1:8
select s[1:2], count(*)
from p group by 1;
-- uses: q.c=show@1:8 p.id=link@2:21 q.id=link@2:21
select c
from p natural join q;
-- uses: p.id=link@2:27 q.id=link@2:27
select count(*)
from p semi join q using (id);
-- uses: p.id=link@2:23 q.id=link@2:30 p.a=filter:range@2:39 q.c=filter:range@2:43
select count(*)
from p anti join q on p.id = q.id and a > c;
-- uses: p.a=show@1:8 p.f=show@2:26 q.c=show@2:29 p.id=link@2:56 q.id=link@2:56
select a from p
union all by name select f, c as a from p natural join q;
-- uses: p.a=link@2:14 q.c=link@2:30 p.b=link@2:44 q.c=link@2:61
select count(*)
from p where a = any (select c from q) and b <> all (select c from q);
-- uses: p.a=show@1:8 p.id=link@2:23 q.id=link@2:30 p.a=filter:range@2:39 q.c=filter:range@2:46
select p.a
from p asof join q on p.id = q.id and p.a >= q.c;
-- uses: p.id=link@1:18 q.id=link@1:25 q.d=group@2:8 p.f=filter:eq@2:26
from p join q on p.id = q.id
select d, count(*) where f group by all;
-- uses: p.a=extreme@1:50
select quantile_disc(0.5) within group (order by a)
from p;
-- uses: p.a=show@1:8 p.b=filter:eq@1:23 q.c=extreme@1:39 p.a=link@1:87 q.c=link@1:93
select a from p where b = (select max(c) from q where exists (select 1 from p x where x.a = q.c));
-- uses: p.s=link@1:24 p.a=link@1:27 p.a=show@1:27 p.b=show@1:30
select distinct on (a, s) a, b
from p;
-- uses: p.a=filter:range@1:21 p.a=show@1:21 p.b=filter:range@1:24 p.b=show@1:24 q.c=filter:range@1:42 q.c=show@1:42 p.id=link@2:22 q.id=link@2:22
select list_filter([a, b], lambda x: x > c)
from p join q using (id);
-- uses: p.a=aggregate:sum@1:17 p.b=filter:eq@2:10
select v.x, sum(a) from p join (values (1, 2)) v(k, x)
on v.k = b group by all;
-- uses: p.a=show@1:14 p.b=show@1:22
select {'x': a, 'y': b}.y
from p;
-- uses: p.a=show@1:8 p.b=show@1:15
select a & 1, b << 2
from p;
-- uses: p.id=filter:eq@2:18 q.c=link@2:25
select count(*)
from p join q on p.id = q.c;
-- uses: p.id=group@2:17
select count(*)
from p group by id + 1;
-- uses: p.a=filter:range@1:32
select count(*) from p x where a > 3;
-- uses: p.a=filter:range@1:32
select count(*) from p a where a > 3;
-- uses: p.a=show@1:8 p.a=filter:range@2:10
select a from p
order by a limit 3;
-- uses: p.a=show@1:8 p.a=filter:range@2:10
select a as n from p
order by n limit 3;
-- uses: p.a=show@1:8 q.c=show@2:18 p.a=filter:range@3:10 q.c=filter:range@3:10
select a from p
union all select c from q
order by a limit 3;
-- uses: p.a=group@1:17
select distinct a from p
order by a limit 3;
-- uses: p.a=group@1:8 p.b=aggregate:sum@1:15
select a, sum(b) as t from p group by a
order by t, a limit 3;
-- uses: p.a=extreme@1:13
select mode(a)
from p;
