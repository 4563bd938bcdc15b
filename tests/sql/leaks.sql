-- SQL that must not get a protected value out, by itself or by what its refusal says; each with what it must yield:
-- refused CODE (then each finding, with its place and its rule), suppressed (an answer without the unsafe cells), or
-- checked (harmless alone; the firewall's work later).
-- p(person_id, region, age_band, sex, income, hiv, name, phone) is protected, its unit is the person; mine(k, tag) is the
-- operator's own table. The target is person 4242: income 7654321, hiv true, region 5, age_band 3, sex 1.

-- A01 differencing by exclusion
-- expect: refused use-denied
-- finds: use-denied p.phone filter:eq @1:69 [deny-identifier-filter]
-- finds: use-denied p.person_id filter:eq @1:91 [deny-identifier-filter]
select (select sum(income) from p)-(select sum(income) from p where phone<>'34594798' and person_id<>4242);

-- A03 overlapping ranges (binary search)
-- expect: suppressed
select count(*) from p where income>=7654321;

-- A05 averaging: reworded equal predicate
-- expect: checked
select count(*) from p where age_band between 3 and 3 and not (sex<>1);

-- A07 linear reconstruction: random subsets by hash
-- expect: refused function-refused
-- finds: function-refused @1:42
select count(*) filter(hiv) from p where hash(person_id+17)%2=0;

-- B02 FILTER isolates
-- expect: refused use-denied
-- finds: use-denied p.name filter:eq @1:33 [deny-identifier-filter]
select avg(income) filter(where name='N4242') a, count(*) from p;

-- B04 bit packing: many people in one SUM
-- expect: refused open-data-only
-- finds: use-denied p.person_id aggregate:sum @1:34 [deny-identifier-aggregate]
-- finds: use-denied p.person_id filter:range @1:64 [deny-identifier-filter]
-- finds: use-denied p.person_id filter:range @1:99 [deny-identifier-filter]
-- finds: open-data-only @1:13
select sum((hiv::int)::hugeint<<(person_id-4240)) from p where person_id between 4240 and 4300 or person_id<0;

-- B06 top-n aggregate
-- expect: refused use-denied
-- finds: use-denied p.income extreme @1:12 [deny-l3-extreme]
-- finds: use-denied p.name extreme @1:31 [deny-identifier-extreme]
-- finds: use-denied p.income extreme @1:36 [deny-l3-extreme]
-- finds: aggregate-refused @1:12
select max(income,3), arg_max(name,income), count(*) from p;

-- B08 list/array_agg/string_agg
-- expect: refused use-denied
-- finds: use-denied p.name extreme @1:20 [deny-identifier-extreme]
-- finds: use-denied p.phone extreme @1:43 [deny-identifier-extreme]
-- finds: open-data-only @1:43
select region,list(name)[1:3], string_agg(phone,',' order by income desc)[1:20] from p group by region limit 1;

-- B10 histogram / map / approx_top_k
-- expect: refused function-refused
-- finds: function-refused @1:8
select cardinality(histogram(phone)), approx_top_k(name,3), count(*) from p where region=5;

-- B12 product/bit_xor/bit_and fingerprints
-- expect: refused function-refused
-- finds: function-refused @1:16
select bit_xor(hash(name)), count(*) from p;

-- B14 numeric overflow of a moment (skew/kurtosis, sum of powers)
-- expect: suppressed
select sum(income), sum(income**2), sum(income**3), count(*) from p where income>200000;

-- B16 list_reduce / lambda over list()
-- expect: refused open-data-only
-- finds: use-denied p.income extreme @1:25 [deny-l3-extreme]
-- finds: open-data-only @1:20
select list_reduce(list(income order by income desc), lambda a,b: greatest(a,b)) m, count(*) from p;

-- C01 division by zero / error()
-- expect: refused function-refused
-- finds: function-refused @1:68
select count(*) from (select case when person_id=4242 and hiv then error('yes') end e from p) where e is null;

-- C03 overflow error
-- expect: refused use-denied
-- finds: use-denied p.person_id filter:eq @1:23 [deny-identifier-filter]
-- finds: use-denied p.person_id filter:eq @1:107 [deny-identifier-filter]
select sum((case when person_id=4242 and hiv then 255 else 1 end)::utinyint + 200::utinyint) from p where person_id=4242;

-- C05 out-of-range list/substring/regex error
-- expect: refused function-needs-constant
-- finds: function-needs-constant @1:14
select count(regexp_extract('x', case when person_id=4242 and hiv then '(' else 'x' end)) from p where person_id=4242;

-- D01 join to own list (existence probe)
-- expect: refused use-denied
-- finds: use-denied p.person_id filter:eq @1:63 [deny-identifier-filter]
select m.tag,count(*) n,sum(p.income) s from mine m join p on p.person_id=m.k group by m.tag;

-- D03 self-join fan-out
-- expect: refused use-denied
-- finds: use-denied p.person_id filter:eq @1:87 [deny-identifier-filter]
select a.region,count(*) n,avg(a.income) from p a join p b on a.region=b.region where a.person_id=4242 group by 1;

-- D05 left join / anti join non-membership
-- expect: refused use-denied
-- finds: use-denied p.person_id filter:eq @1:44 [deny-identifier-filter]
-- finds: use-denied p.person_id filter:eq @1:76 [deny-identifier-filter]
-- finds: outer-join-of-units @1:39
select count(*) from mine m left join p on p.person_id=m.k and p.hiv where p.person_id is null;

-- D07 positional join re-links shuffled columns
-- expect: refused construct-refused
-- finds: construct-refused @1:76
select a.name,b.income from (select name from p) a positional join (select income from p) b limit 1;

-- D09 EXISTS / IN / ANY
-- expect: refused correlated-subquery
-- finds: use-denied p.person_id filter:eq @1:62 [deny-identifier-filter]
-- finds: correlated-subquery @1:47
select count(*) from mine where exists(select 1 from p where person_id=mine.k and hiv and tag=1);

-- E01 window over one-row partition
-- expect: refused window-over-units
-- finds: use-denied p.income show @1:8 [deny-l3-show]
-- finds: use-denied p.income show @1:16 [deny-l3-show]
-- finds: use-denied p.person_id filter:eq @1:146 [deny-identifier-filter]
-- finds: window-over-units @1:52
select s - lag(s) over(order by k) from (select k, sum(c) over(order by k) s from (select person_id k, sum(income) c from p group by 1)) qualify k=4242;

-- E03 DISTINCT as row listing
-- expect: refused use-denied
-- finds: use-denied p.name group @1:17 [deny-identifier-group]
select distinct name from p where region=5 limit 2;

-- E05 PIVOT makes columns from values
-- expect: refused construct-refused
-- finds: construct-refused @1:15
pivot (select name,region,income from p where region=5 and person_id in (4242,1)) on name using sum(income);

-- E07 HAVING probing
-- expect: refused use-denied
-- finds: use-denied p.income extreme @1:49 [deny-l3-extreme]
select region from p group by region having max(income)>7000000;

-- E09 set ops EXCEPT/INTERSECT
-- expect: refused set-operation-of-units
-- finds: set-operation-of-units @1:30
select count(*) from (select name from p except select name from p where not hiv);

-- E11 LIKE/prefix/regex/substring probing
-- expect: refused use-denied
-- finds: use-denied p.name filter:range @1:30 [deny-identifier-filter]
-- finds: use-denied p.phone filter:range @1:52 [deny-identifier-filter]
select count(*) from p where name like 'N42_2' and phone like '3%';

-- E13 TABLESAMPLE with seed / repeatable
-- expect: refused construct-refused
-- finds: construct-refused @1:22
-- finds: construct-refused @1:46
select count(*) from p tablesample reservoir(1 rows) repeatable (7);

-- F02 storage metadata min/max
-- expect: refused construct-refused
-- finds: construct-refused @1:19
-- finds: function-refused @1:19
select stats from pragma_storage_info('p') where column_name='income' and segment_type='DOUBLE' limit 1;

-- F04 EXPLAIN ANALYZE cardinalities
-- expect: refused construct-refused
-- finds: construct-refused @1:57
explain analyze select 1 from p where hiv and person_id=4242;

-- F06 read_text
-- expect: refused function-refused
-- finds: construct-refused @1:31
-- finds: function-refused @1:31
select length(content)>0 from read_text('/etc/hostname');

-- F08 COLUMNS(*) hides column names from an allow-list
-- expect: refused function-refused
-- finds: function-refused @1:12
select max(columns('inc.*')) from p;

-- F10 macro hides expression
-- expect: refused one-statement
-- finds: one-statement @1:88
create or replace temp macro peek(x) as (select max(income) from p where person_id=x); select peek(4242);

-- F12 CTAS/temp table launders lineage
-- expect: refused one-statement
-- finds: one-statement @1:73
create or replace temp table z as select * from p where person_id=4242; select sum(income) from z;

-- F14 timing bomb conditional on a row
-- expect: refused construct-refused
-- finds: construct-refused @1:102
-- finds: construct-refused @1:117
-- finds: function-refused @1:102
-- finds: function-refused @1:117
select count(*) from p where case when person_id=4242 and hiv then (select sum(a.range*b.range) from range(3000) a, range(3000) b)>0 else true end;

-- F16 alias/quoted/case shadowing of a column
-- expect: refused use-denied
-- finds: use-denied p.person_id filter:eq @1:45 [deny-identifier-filter]
select sum("INCOME") as region from p where "Person_ID"=4242;

-- F18 NATURAL/USING join picks protected column silently
-- expect: refused use-denied
-- finds: use-denied p.person_id filter:eq @1:45 [deny-identifier-filter]
select count(*) from p natural join (select 4242::int person_id);
