-- Queries whose proofs are held against what happens when a unit is taken away. "-- asks" begins each; "-- raw" is, per
-- frontier in the order in which they run, a SELECT of its keys and then its measures over the source tables, written by
-- hand; without one the question is its own. "-- given NAME" is a table of inner cells that count as released ({k}: the
-- contributors that they need), which "-- raw" may read. "-- review" says that people have to judge the output as well.

-- asks: TPC-H 1, pricing summary
select l_returnflag, l_linestatus, sum(l_quantity), sum(l_extendedprice), sum(l_extendedprice * (1 - l_discount)), avg(l_quantity), avg(l_extendedprice), avg(l_discount), count(*) from lineitem where l_shipdate <= date '1997-06-01' group by l_returnflag, l_linestatus;
-- asks: TPC-H 3, orders by priority and segment
-- raw: select o_orderpriority, sum(l_extendedprice * (1 - l_discount)) from customer, orders, lineitem where c_mktsegment = 'BUILDING' and c_custkey = o_custkey and l_orderkey = o_orderkey and l_custkey = o_custkey and l_shipdate > date '1995-06-01' group by o_orderpriority
select o_orderpriority, sum(l_extendedprice * (1 - l_discount)) revenue from customer, orders, lineitem where c_mktsegment = 'BUILDING' and c_custkey = o_custkey and l_orderkey = o_orderkey and l_custkey = o_custkey and l_shipdate > date '1995-06-01' group by o_orderpriority order by revenue desc limit 10;
-- asks: TPC-H 4, orders of customers in funds
select o_orderpriority, count(*) from orders where o_orderdate >= date '1995-07-01' and o_custkey in (select c_custkey from customer where c_acctbal > 100) group by o_orderpriority;
-- asks: TPC-H 5, local suppliers
-- raw: select n_name, sum(l_extendedprice * (1 - l_discount)) from customer, lineitem, supplier, nation where c_custkey = l_custkey and l_suppkey = s_suppkey and s_nationkey = n_nationkey group by n_name
select n_name, sum(l_extendedprice * (1 - l_discount)) revenue from customer, lineitem, supplier, nation where c_custkey = l_custkey and l_suppkey = s_suppkey and s_nationkey = n_nationkey group by n_name order by revenue desc;
-- asks: TPC-H 6, forecast
select sum(l_extendedprice * l_discount) revenue from lineitem where l_shipdate >= date '1995-01-01' and l_discount between 0.04 and 0.11 and l_quantity < 40;
-- asks: TPC-H 7, volume between nations
select n1.n_name, n2.n_name, extract(year from l_shipdate), sum(l_extendedprice) from supplier, lineitem, customer, nation n1, nation n2 where s_suppkey = l_suppkey and c_custkey = l_custkey and s_nationkey = n1.n_nationkey and c_nationkey = n2.n_nationkey group by all;
-- asks: TPC-H 8, share of one nation
-- raw: select year(l_shipdate), sum(case when n_name = 'nation 1' then l_extendedprice else 0 end), sum(l_extendedprice) from lineitem, supplier, nation, part where s_suppkey = l_suppkey and s_nationkey = n_nationkey and p_partkey = l_partkey and p_type = 'ECONOMY TIN' group by 1
select year(l_shipdate) y, sum(case when n_name = 'nation 1' then l_extendedprice else 0 end) / sum(l_extendedprice) share from lineitem, supplier, nation, part where s_suppkey = l_suppkey and s_nationkey = n_nationkey and p_partkey = l_partkey and p_type = 'ECONOMY TIN' group by y order by y;
-- asks: TPC-H 9, profit by brand, less cost
-- review
select p_brand, sum(l_extendedprice - 2 * l_quantity) from lineitem, part, partsupp where p_partkey = l_partkey and ps_partkey = p_partkey and ps_suppkey = l_suppkey group by p_brand;
-- asks: TPC-H 10, returned items by segment
select c_mktsegment, sum(l_extendedprice), sum(c_acctbal) from customer join lineitem on c_custkey = l_custkey where l_returnflag = 'R' group by c_mktsegment;
-- asks: TPC-H 11, stock by part above a share
-- raw: select sum(ps_supplycost * ps_availqty) from partsupp
-- raw: select ps_partkey, sum(ps_supplycost * ps_availqty) from partsupp group by ps_partkey
select ps_partkey, sum(ps_supplycost * ps_availqty) v from partsupp group by ps_partkey having sum(ps_supplycost * ps_availqty) > (select sum(ps_supplycost * ps_availqty) * 0.01 from partsupp);
-- asks: TPC-H 12, shipping modes
select l_shipmode, sum(case when o_orderpriority = '1-P' then 1 else 0 end), sum(case when o_orderpriority <> '1-P' then 1 else 0 end) from orders, lineitem where o_orderkey = l_orderkey and o_custkey = l_custkey group by l_shipmode;
-- asks: TPC-H 13, customers by their number of orders
-- raw: select c_count, count(*) from (select c_custkey, count(o_orderkey) c_count from customer left join orders on c_custkey = o_custkey group by c_custkey) group by c_count
select c_count, count(*) n from (select c_custkey, count(o_orderkey) c_count from customer left join orders on c_custkey = o_custkey group by c_custkey) group by c_count order by n desc;
-- asks: TPC-H 14, promotions
-- raw: select sum(l_extendedprice * (1 - l_discount)), sum(case when p_type like 'PROMO%' then l_extendedprice * (1 - l_discount) else 0 end) from lineitem, part where l_partkey = p_partkey
select 100.0 * sum(case when p_type like 'PROMO%' then l_extendedprice * (1 - l_discount) else 0 end) / sum(l_extendedprice * (1 - l_discount)) promo from lineitem, part where l_partkey = p_partkey;
-- asks: TPC-H 16, suppliers per brand
select p_brand, p_size, count(distinct ps_suppkey) from partsupp, part where p_partkey = ps_partkey and p_brand <> 'b2' group by p_brand, p_size;
-- asks: TPC-H 17, small quantities against a checked average per part
-- given avgs: select l_partkey, avg(l_quantity) a from lineitem group by l_partkey having count(distinct case when l_quantity <> 0 then l_custkey end) >= {k} and count(distinct case when l_quantity <> 0 then l_suppkey end) >= {k}
-- raw: select l_partkey, avg(l_quantity) from lineitem group by l_partkey
-- raw: select sum(l_extendedprice) from lineitem join avgs using (l_partkey) where l_quantity < a * 0.6
select sum(l_extendedprice) / 7 from lineitem join (select l_partkey pk, avg(l_quantity) a from lineitem group by l_partkey) c on l_partkey = c.pk where l_quantity < a * 0.6;
-- asks: TPC-H 18, large customers
-- raw: select count(*), sum(q) from (select o_custkey, sum(o_totalprice) q from orders group by o_custkey having sum(o_totalprice) > 300)
select count(*), sum(q) from (select o_custkey, sum(o_totalprice) q from orders group by o_custkey having sum(o_totalprice) > 300);
-- asks: TPC-H 19, discounted revenue with alternatives
select sum(l_extendedprice * (1 - l_discount)) from lineitem join part on p_partkey = l_partkey where (p_brand = 'b0' and l_quantity between 1 and 21 and p_size < 5) or (p_brand = 'b1' and l_quantity >= 10 and l_shipmode in ('AIR', 'SHIP'));
-- asks: TPC-H 20, suppliers with parts in stock
select count(*) from supplier where s_suppkey in (select ps_suppkey from partsupp where ps_availqty > 50);
-- asks: TPC-H 22, customers above a checked average
-- given mean: select avg(c_acctbal) a from customer where c_acctbal > 0 having count(distinct c_custkey) >= {k}
-- raw: select avg(c_acctbal) from customer where c_acctbal > 0
-- raw: select c_nationkey, count(*), sum(c_acctbal) from customer where c_acctbal > (select a from mean) and c_custkey not in (select o_custkey from orders where o_orderstatus = 'P') group by c_nationkey
select c_nationkey, count(*) n, sum(c_acctbal) s from customer where c_acctbal > (select avg(c_acctbal) from customer where c_acctbal > 0) and c_custkey not in (select o_custkey from orders where o_orderstatus = 'P') group by c_nationkey order by 1;

-- asks: a count of rows
select region, count(*) from person group by region;
-- asks: a count of values
select region, count(income) from person group by region;
-- asks: a sum with NULLs, zeros and negative values
select region, sum(income) from person group by region;
-- asks: an average
select sex, avg(income) from person group by sex;
-- asks: spread
select sex, stddev(income), variance(income), stddev_pop(income) from person group by sex;
-- asks: everything without keys
select count(*), count(income), sum(income), avg(income), sum(points) from person;
-- asks: two keys
select region, sex, count(*), sum(income) from person group by region, sex;
-- asks: three keys and small cells
select region, sex, band, count(*), sum(income), avg(points) from person group by all;
-- asks: a key that is NULL
select clinic, count(*), sum(cost), sum(fee) from visit group by clinic;
-- asks: decimals
select clinic, sum(fee), avg(fee) from visit group by clinic;
-- asks: an expression as key
select points > 0, count(*), sum(income) from person group by 1;
-- asks: a month as key
select date_trunc('month', day), count(*), sum(cost) from visit group by 1;
-- asks: CASE as key
select case when income > 50 then 'high' when income > 0 then 'low' else 'none' end, count(*) from person group by 1;
-- asks: a condition as label
select sick, count(*), avg(income) from person group by sick;
-- asks: FILTER
select region, count(*) filter (where sick), sum(income) filter (where sick) from person group by region;
-- asks: FILTER beside the whole
-- raw: select sex, count(*), sum(income), count(*) filter (where sick), sum(income) filter (where not sick) from person group by sex
select sex, count(*), count(*) filter (where sick), sum(income), sum(income) filter (where not sick) from person group by sex;
-- asks: FILTER with NULL in its condition
select sex, count(*) filter (where income > 20), avg(points) filter (where income > 20) from person group by sex;
-- asks: CASE in a sum
select sex, sum(case when sick then income else 0 end), sum(case when sick then income end), count(case when sick then 1 end) from person group by sex;
-- asks: CASE that turns the sign
select sex, sum(case when sick then income else -income end) from person group by sex;
-- asks: arithmetic in a measure
-- review
select band, sum(income * points), sum(income + 1), sum(2 * income - points) from person group by band;
-- asks: coalesce in a measure
-- review
select band, sum(coalesce(income, 0)), sum(coalesce(income, 7)), count(coalesce(income, 7)) from person group by band;
-- asks: nullif in a measure
select band, count(nullif(points, 0)), sum(nullif(points, 0)) from person group by band;
-- asks: count_if
select band, count_if(sick), count_if(income > 10) from person group by band;
-- asks: absolute values
select band, sum(abs(income)) from person group by band;
-- asks: counts of distinct values
select clinic, count(distinct day), count(distinct cost) from visit group by clinic;
-- asks: counts of distinct units
select clinic, count(distinct person_id) from visit group by clinic;
-- asks: a count of distinct values under a filter
select sex, count(distinct points) filter (where sick) from person group by sex;
-- asks: a count of one distinct value
select region, count(distinct 1), count(1), sum(1) from person group by region;
-- asks: an empty filter
select sex, count(*), sum(income) from person where region = 77 group by sex;
-- asks: no row at all
select count(*), sum(income) from person where income > 1000000000;
-- asks: a filter that leaves few
select region, count(*), sum(income) from person where income > 30 and sick group by region;
-- asks: a filter with OR and NOT
-- review
select sex, count(*) from person where not (sick or income < 10) or points = 2 group by sex;
-- asks: IN, BETWEEN, LIKE
select clinic, count(*) from visit where clinic like 'c%' and cost between 1 and 40 and day in (date '2026-01-05', date '2026-02-05') is not true group by clinic;
-- asks: a constant key
select k, count(*), sum(income) from (select 'all' k, person_id, income from person) group by k;
-- review
-- asks: smallest and largest
select sex, min(points), max(points), min(region) from person group by sex;
-- review
-- asks: any value
select region, any_value(band) from person group by region;
-- review
-- asks: a median
select sex, median(points) from person group by sex;

-- asks: HAVING
-- raw: select clinic, count(*) from visit group by clinic
select clinic, count(*) n from visit group by clinic having count(*) > 30;
-- asks: HAVING on another measure
-- raw: select clinic, sum(cost), avg(fee) from visit group by clinic
select clinic, sum(cost) s from visit group by clinic having avg(fee) > 1;
-- asks: ORDER and LIMIT
-- raw: select clinic, day, count(*), sum(cost) from visit group by clinic, day
select clinic, day, count(*) n from visit group by clinic, day order by sum(cost) desc limit 3;
-- asks: a window above the frontier
-- raw: select clinic, count(*) from visit group by clinic
select clinic, count(*) n, rank() over (order by count(*)) r, sum(count(*)) over () t from visit group by clinic;
-- asks: a share of the total
-- raw: select clinic, sum(fee) from visit group by clinic
select clinic, sum(fee) / sum(sum(fee)) over () share from visit group by clinic;
-- asks: QUALIFY above the frontier
-- raw: select region, band, count(*) from person group by region, band
select region, band, count(*) n from person group by region, band qualify row_number() over (partition by region order by count(*) desc) = 1;
-- asks: lag above the frontier
-- raw: select date_trunc('week', day), sum(cost) from visit group by 1
select w, s - lag(s) over (order by w) d from (select date_trunc('week', day) w, sum(cost) s from visit group by 1);
-- asks: a maximum above the frontier
-- raw: select clinic, count(*) from visit group by clinic
select max(n), min(n), count(*) from (select clinic, count(*) n from visit group by clinic);
-- asks: a list above the frontier, joined to itself
-- raw: select region, count(*) from person group by region
with c as (select region, count(*) n from person group by region) select a.region, a.n, b.n from c a join c b on a.region = b.region + 1;
-- asks: arithmetic over measures
-- raw: select sex, sum(income), count(income), sum(points) from person group by sex
select sex, sum(income) / count(income) a, sum(income) - sum(points) d from person group by sex;
-- asks: the same measure twice
-- raw: select sex, sum(income), count(*) from person group by sex
select sex, sum(income) a, sum(income) + count(*) b, sum(income) c from person group by sex;
-- asks: CASE over a measure
-- raw: select sex, count(*) from person group by sex
select sex, case when count(*) > 10 then 'many' else 'few' end from person group by sex;
-- asks: DISTINCT as a frontier
-- raw: select clinic from visit group by clinic
select distinct clinic from visit;
-- asks: DISTINCT over two columns, with an expression
-- raw: select region, points > 0 from person group by 1, 2
select distinct region, points > 0 p from person;
-- asks: DISTINCT above a frontier
-- raw: select region, count(*) from person group by region
select distinct n > 10 from (select region, count(*) n from person group by region);
-- asks: GROUP BY without measures
-- raw: select band, sex from person group by band, sex
select band, sex from person group by band, sex;

-- asks: a join on the unit
select p.region, count(*), sum(v.cost), sum(p.income) from person p join visit v on p.person_id = v.person_id group by p.region;
-- asks: a join with USING
select sex, clinic, sum(cost) from person join visit using (person_id) group by sex, clinic;
-- asks: a natural join
select region, count(*), sum(cost) from person natural join visit group by region;
-- asks: a join with a condition of its own
select p.sex, sum(v.fee) from person p join visit v on p.person_id = v.person_id and v.cost > p.income group by p.sex;
-- asks: three tables of one unit
-- review
select p.sex, j.trade, count(*), sum(v.cost + j.wage) from person p join visit v on p.person_id = v.person_id join job j on j.person_id = p.person_id group by p.sex, j.trade;
-- asks: a join with an open table
select a.label, count(*), sum(p.income) from person p join area a on p.region = a.region group by a.label;
-- asks: a join with an open table that repeats rows
-- review
select i.beds, count(*), sum(v.cost) from visit v join clinic_info i on v.clinic = i.clinic group by i.beds;
-- asks: a cross join with an open table
-- review
select a.big, count(*), sum(p.income) from person p cross join area a group by a.big;
-- asks: a join with literal rows
-- review
select x.i, sum(p.income * x.i) from person p, (values (1), (2)) x(i) group by x.i;
-- asks: a join with own rows
-- review
select m.tag, count(*), sum(p.income) from person p join mine m using (person_id) group by m.tag;
-- asks: weights of own rows
-- review
select sum(p.income * m.weight), count(*) from person p join mine m using (person_id);
-- asks: own rows of another key
-- review
select m.tag, count(*), sum(p.points) from person p join mine m on m.weight = p.region group by m.tag;
-- asks: a left join aligned on the unit
select p.sex, count(*), count(v.visit_id), sum(v.cost) from person p left join visit v on p.person_id = v.person_id and v.clinic = 'c1' group by p.sex;
-- asks: a left join with an open table
select a.label, count(*), count(a.big) from person p left join area a on p.region = a.region group by a.label;
-- asks: a semi join aligned on the unit
select sex, count(*), sum(income) from person semi join visit using (person_id) group by sex;
-- asks: an anti join aligned on the unit
select sex, count(*) from person p anti join visit v on p.person_id = v.person_id and v.clinic = 'c1' group by sex;
-- asks: a self join on the unit
select a.region, count(*), sum(a.income + b.points) from person a join person b on a.person_id = b.person_id group by a.region;
-- asks: a self join of rows of one unit
-- review
select a.clinic, count(*) from visit a join visit b on a.person_id = b.person_id and a.day < b.day group by a.clinic;
-- asks: a self join of different units
-- review
select a.sex, b.sex, count(*) from person a join person b on a.region = b.region group by a.sex, b.sex;
-- asks: a sum over pairs of different units
-- review
select a.sex, sum(a.income), sum(b.points) from person a join person b on a.band = b.band and a.region <> b.region group by a.sex;
-- asks: two types of units
select trade, count(*), sum(wage), avg(wage) from job group by trade;
-- asks: two types of units, one counted
select trade, count(distinct person_id), count(distinct firm_id) from job group by trade;
-- asks: two types of units through a join
-- review
select s.part, count(*), sum(j.wage), sum(s.price) from job j join supply s on j.firm_id = s.firm_id group by s.part;
-- asks: three tables, two types
-- review
select p.sex, s.part, count(*), sum(p.income) from person p join job j on p.person_id = j.person_id join supply s on s.firm_id = j.firm_id group by all;
-- asks: few units of the second type
select part, count(*), sum(price), avg(qty) from supply group by part;

-- asks: per unit, then a frontier
-- raw: select n, count(*), avg(s) from (select person_id, count(*) n, sum(cost) s from visit group by person_id) group by n
select n, count(*), avg(s) from (select person_id, count(*) n, sum(cost) s from visit group by person_id) group by n;
-- asks: per unit in a CTE with HAVING
-- raw: select count(*), sum(s) from (select person_id, sum(cost) s from visit group by person_id having sum(cost) > 20)
with per as (select person_id, sum(cost) s from visit group by person_id having sum(cost) > 20) select count(*), sum(s) from per;
-- asks: per unit and another key
-- raw: select clinic, avg(s), count(*) from (select person_id, clinic, sum(cost) s from visit group by person_id, clinic) group by clinic
select clinic, avg(s), count(*) from (select person_id, clinic, sum(cost) s from visit group by person_id, clinic) group by clinic;
-- asks: per pair of units
-- raw: select trade, count(*), sum(w) from (select person_id, firm_id, trade, sum(wage) w from job group by all) group by trade
select trade, count(*), sum(w) from (select person_id, firm_id, trade, sum(wage) w from job group by all) group by trade;
-- asks: a window within the unit
-- raw: select rn, count(*), sum(cost) from (select cost, row_number() over (partition by person_id order by day, visit_id) rn from visit) group by rn
select rn, count(*), sum(cost) from (select cost, row_number() over (partition by person_id order by day, visit_id) rn from visit) group by rn;
-- asks: the last of each unit
-- raw: select clinic, count(*) from (select clinic from visit qualify row_number() over (partition by person_id order by day desc, visit_id) = 1) group by clinic
select clinic, count(*) from (select clinic from visit qualify row_number() over (partition by person_id order by day desc, visit_id) = 1) group by clinic;
-- asks: IN aligned on the unit
select region, count(*), sum(income) from person where person_id in (select person_id from visit where clinic = 'c1') group by region;
-- asks: NOT IN aligned on the unit
select sex, count(*) from person where person_id not in (select person_id from visit where clinic = 'c2') group by sex;
-- asks: EXISTS aligned on the unit
select sex, count(*), sum(points) from person p where exists (select 1 from visit v where v.person_id = p.person_id and v.cost > 30) group by sex;
-- asks: NOT EXISTS aligned on the unit
select sex, count(*) from person p where not exists (select 1 from visit v where v.person_id = p.person_id and v.cost < 0) group by sex;
-- asks: a correlated scalar sub-query on the unit
-- raw: select sex, avg(m), count(m) from (select sex, (select sum(v.cost) from visit v where v.person_id = p.person_id) m from person p) group by sex
select sex, avg(m), count(m) from (select sex, (select sum(v.cost) from visit v where v.person_id = p.person_id) m from person p) group by sex;
-- asks: a scalar sub-query over a frontier
-- given mean: select avg(income) a from person having count(distinct case when income <> 0 then person_id end) >= {k}
-- raw: select avg(income) from person
-- raw: select sex, count(*) from person where income > (select a from mean) group by sex
select sex, count(*) from person where income > (select avg(income) from person) group by sex;
-- asks: a scalar sub-query over an open table
select sex, count(*), sum(income) from person where region < (select max(region) from area) group by sex;
-- asks: a list of values that rows of units have
-- given listed: select clinic from visit where cost > 20 group by clinic having count(distinct person_id) >= {k}
-- raw: select clinic from visit where cost > 20 group by clinic
-- raw: select count(*), sum(fee) from visit where clinic in (select clinic from listed)
select count(*), sum(fee) from visit where clinic in (select clinic from visit where cost > 20);
-- asks: a list of checked cells
-- given listed: select clinic from visit group by clinic having count(distinct person_id) >= {k} and count(*) > 40
-- raw: select clinic, count(*) from visit group by clinic
-- raw: select day < date '2026-02-01', count(*) from visit where clinic in (select clinic from listed) group by 1
select day < date '2026-02-01' e, count(*) from visit where clinic in (select clinic from visit group by clinic having count(*) > 40) group by e;
-- asks: rows joined with checked cells
-- given cells: select region, avg(points) a from person group by region having count(distinct case when points <> 0 then person_id end) >= {k}
-- raw: select region, avg(points) from person group by region
-- raw: select sex, count(*), sum(p.income) from person p join cells c on p.region = c.region where p.points >= c.a group by sex
with c as (select region, avg(points) a from person group by region) select sex, count(*), sum(p.income) from person p join c on p.region = c.region where p.points >= c.a group by sex;
-- asks: UNION ALL of rows of units
select k, count(*), sum(x) from (select person_id, clinic k, cost x from visit union all select person_id, sex, income from person) group by k;
-- asks: UNION ALL of the same rows twice
-- review
select sex, count(*), sum(income) from (select * from person union all select * from person where sick) group by sex;
-- asks: UNION ALL of frontiers
-- raw: select sex, count(*) from person group by sex
-- raw: select clinic, count(*) from visit group by clinic
select sex k, count(*) from person group by sex union all select clinic, count(*) from visit group by clinic;
-- asks: UNION of frontiers
-- raw: select region, count(*) from person group by region
-- raw: select band, count(*) from person group by band
select region, count(*) from person group by region union select band, count(*) from person group by band;
-- asks: EXCEPT of frontiers
-- raw: select region from person group by region
-- raw: select region from person where sick group by region
select distinct region from person except select distinct region from person where sick;
-- asks: a CTE used twice
-- raw: select sex, count(*) from person where income > 5 group by sex
-- raw: select band, sum(points) from person where income > 5 group by band
with rich as (select * from person where income > 5) select (select max(n) from (select sex, count(*) n from rich group by sex)) a, (select max(s) from (select band, sum(points) s from rich group by band)) b;
-- asks: nested queries with other names
-- review
-- raw: select r, sum(x), count(*) from (select region r, income + 1 x from person where sex = 'f') group by r
select g, t from (select q.r g, sum(q.x) t, count(*) n from (select z.region r, z.income + 1 x from (select * from person where sex = 'f') z) q group by q.r) where n > 1;
-- asks: a CTE with column names
with w(who, place, pay) as (select person_id, region, income from person) select place, count(*), sum(pay) from w group by place;
-- asks: a CTE of a join
with j as (select p.person_id, p.sex, v.clinic, v.cost from person p join visit v using (person_id)) select clinic, sex, count(*), sum(cost) from j group by all;
-- asks: two frontiers joined
-- raw: select region, count(*) from person group by region
-- raw: select region, sum(income) from person where sick group by region
select a.region, a.n, b.s from (select region, count(*) n from person group by region) a left join (select region, sum(income) s from person where sick group by region) b on a.region = b.region;
-- asks: checked cells joined with an open table
-- raw: select region, count(*) from person group by region
select a.label, c.n from area a left join (select region, count(*) n from person group by region) c on a.region = c.region;
-- asks: two numbers of one output
-- raw: select count(*) from person where sick
-- raw: select sum(cost) from visit where clinic = 'c0'
select (select count(*) from person where sick) a, (select sum(cost) from visit where clinic = 'c0') b;
-- asks: numbers that look alike
-- raw: select count(*), count(income), sum(1), count(*) filter (where true) from person
select count(*), count(income), sum(1), count(*) filter (where true) from person;
-- asks: ROLLUP
-- raw: select region, sex, count(*), sum(income) from person group by region, sex
-- raw: select region, count(*), sum(income) from person group by region
-- raw: select count(*), sum(income) from person
select region, sex, count(*), sum(income) from person group by rollup(region, sex);
-- asks: CUBE over a join
-- raw: select sex, clinic, count(*), avg(cost) from person join visit using (person_id) group by sex, clinic
-- raw: select sex, count(*), avg(cost) from person join visit using (person_id) group by sex
-- raw: select clinic, count(*), avg(cost) from person join visit using (person_id) group by clinic
-- raw: select count(*), avg(cost) from person join visit using (person_id)
select sex, clinic, count(*) n, avg(cost) a from person join visit using (person_id) group by cube(sex, clinic) having count(*) > 1;
-- asks: GROUPING SETS with two types of units
-- raw: select trade, sum(wage), count(*) from job group by trade
-- raw: select sum(wage), count(*) from job
select trade, sum(wage), count(*) from job group by grouping sets ((trade), ());
