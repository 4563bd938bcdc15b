-- Protected queries: what is asked ("-- asks"), and the same by DuckDB's own means for the groups with enough units.
-- asks: counts per group of one unit
select region, count(*) n from person group by region;
select region, count(*) n from person group by region having count(distinct person_id) >= 5;
-- asks: counts per group of an L3 condition
select region, count(*) n from person where sick group by region;
select region, count(*) n from person where sick group by region having count(distinct person_id) >= 10;
-- asks: distinct units per clinic, rare clinic left out, NULL clinic kept
select clinic, count(*) n, count(distinct person_id) u from visit group by clinic;
select clinic, count(*) n, count(distinct person_id) u from visit group by clinic having u >= 10;
-- asks: sums and averages with zeros and NULLs
select sex, sum(income) s, avg(income) a from person group by sex;
select sex, sum(income) s, avg(income) a from person group by sex;
-- asks: spread of a measure
select region, stddev(income) d from person group by region;
select region, stddev(income) d from person group by region having count(distinct case when income <> 0 then person_id end) >= 10;
-- asks: a join of two tables on the same unit
select p.region, sum(v.cost) s from person p join visit v on p.person_id = v.person_id group by p.region;
select p.region, sum(v.cost) s from person p join visit v on p.person_id = v.person_id group by p.region having count(distinct p.person_id) >= 10;
-- asks: USING
select region, sum(cost) s from person join visit using (person_id) group by region;
select region, sum(cost) s from person join visit using (person_id) group by region having count(distinct person_id) >= 10;
-- asks: NATURAL JOIN is a join USING the columns of the same name
select region, sum(cost) s from person natural join visit group by region;
select region, sum(cost) s from person join visit using (person_id) group by region having count(distinct person_id) >= 10;
-- asks: SEMI JOIN aligned on the unit
select region, count(*) n from person semi join visit using (person_id) where region < 50 group by region;
select region, count(*) n from person where region < 50 and person_id in (select person_id from visit) group by region having count(distinct person_id) >= 10;
-- asks: ANTI JOIN aligned on the unit, with a condition of its own
select sex, count(*) n from person p anti join visit v on p.person_id = v.person_id and v.cost > 100 group by sex;
select sex, count(*) n from person p where not exists (select 1 from visit v where v.person_id = p.person_id and v.cost > 100) group by sex having count(distinct person_id) >= 10;
-- asks: rows compared with rows
select count(*) n from person p join visit v on (p.person_id, v.clinic) = (v.person_id, 'c1') where (p.region, p.sex) in ((1, 'm'), (2, 'f'));
select count(*) n from person p join visit v on p.person_id = v.person_id and v.clinic = 'c1' where (p.region = 1 and p.sex = 'm') or (p.region = 2 and p.sex = 'f');
-- asks: USING keeps the unit in a per-unit query
select region, avg(s) a from (select person_id, region, sum(cost) s from person join visit using (person_id) group by person_id, region) group by region;
select region, avg(s) a from (select person_id, region, sum(cost) s from person join visit using (person_id) group by person_id, region) group by region having count(distinct person_id) >= 10;
-- asks: a left join aligned on the unit
select p.region, count(*) n, sum(v.cost) s from person p left join (select person_id, sum(cost) cost from visit where clinic = 'c1' group by person_id) v on p.person_id = v.person_id group by p.region;
select p.region, count(*) n, case when count(distinct case when v.cost <> 0 then p.person_id end) >= 10 then sum(v.cost) end s from person p left join (select person_id, sum(cost) cost from visit where clinic = 'c1' group by person_id) v on p.person_id = v.person_id group by p.region having count(distinct p.person_id) >= 10;
-- asks: the outer side's unit is no key: persons without such a visit are one group
select count(*) c, sum(n) s from (select v.person_id g, count(*) n from person p left join (select person_id from visit where clinic = 'c1') v on p.person_id = v.person_id group by v.person_id);
select 1 c, count(*) s from person where person_id not in (select person_id from visit where clinic = 'c1');
-- asks: a per-unit CTE aggregated above
with per as (select person_id, count(*) n, sum(cost) s from visit group by person_id) select n, count(*) c, avg(s) a from per group by n;
with per as (select person_id, count(*) n, sum(cost) s from visit group by person_id) select n, count(*) c, avg(s) a from per group by n having count(distinct person_id) >= 10;
-- asks: arithmetic over per-unit aggregates
with per as (select person_id, round(avg(cost), 1) r, abs(sum(cost) - count(*)) w, sum(cost) / count(*) q from visit group by 1) select count(*) n, avg(r) r, avg(w) w, avg(q) q from per;
with per as (select person_id, round(avg(cost), 1) r, abs(sum(cost) - count(*)) w, sum(cost) / count(*) q from visit group by 1) select count(*) n, avg(r) r, avg(w) w, avg(q) q from per;
-- asks: HAVING inside a per-unit query
select count(*) n from (select person_id from visit group by person_id having count(*) >= 5 and sum(cost) > 500);
select count(*) n from (select person_id from visit group by person_id having count(*) >= 5 and sum(cost) > 500);
-- asks: HAVING, ORDER and LIMIT above suppression
select clinic, count(*) n from visit group by clinic having count(*) < 270 order by n, clinic nulls first limit 4;
select clinic, count(*) n from visit group by clinic having count(*) < 270 and count(distinct person_id) >= 5 order by n, clinic nulls first limit 4;
-- asks: ORDER BY an expression over cells that is not selected
select clinic from visit group by clinic order by sum(cost) / count(*) desc, clinic nulls first;
select clinic from visit group by clinic having count(distinct person_id) >= 10 order by sum(cost) / count(*) desc, clinic nulls first;
-- asks: a window above suppression does not see the rare clinic
select clinic, count(*) n, rank() over (order by count(*)) r, sum(count(*)) over () t from visit group by clinic;
select clinic, n, rank() over (order by n) r, sum(n) over () t from (select clinic, count(*) n from visit group by clinic having count(distinct person_id) >= 5);
-- asks: a share of the total, in one SELECT, without any right to show
select clinic, sum(cost) s, sum(cost) * 1.0 / sum(sum(cost)) over () share from visit group by clinic;
select clinic, s, s * 1.0 / sum(s) over () share from (select clinic, sum(cost) s from visit group by clinic having count(distinct person_id) >= 10);
-- asks: a measure against a multiple of checked cells
with c as (select clinic, avg(cost) a from visit group by clinic) select count(*) n from visit where cost > 0.9 * (select sum(a) / count(*) from c);
select count(*) n from visit where cost > 0.9 * (select avg(a) from (select avg(cost) a from visit group by clinic having count(distinct person_id) >= 10));
-- asks: QUALIFY above suppression
select clinic, count(*) n from visit group by clinic qualify row_number() over (order by count(*), clinic) <= 2;
select clinic, count(*) n from visit group by clinic having count(distinct person_id) >= 5 qualify row_number() over (order by count(*), clinic) <= 2;
-- asks: filtered aggregates
select region, count(*) filter (where sick) s from person where region < 50 group by region;
select region, case when count(distinct person_id) filter (where sick) >= 10 then count(*) filter (where sick) end s from person where region < 50 group by region having count(distinct person_id) filter (where sick) >= 10;
-- asks: keys that are dates, and functions of dates
select date_trunc('month', day) m, count(*) n from visit group by 1;
select date_trunc('month', day) m, count(*) n from visit group by 1;
-- asks: keys that are expressions, repeated in the select list and inside an aggregate
select clinic || '!' k, upper(clinic || '!') u, count(clinic || '!') n from visit group by clinic || '!';
select clinic || '!' k, upper(clinic || '!') u, count(clinic || '!') n from visit where clinic is not null group by clinic || '!' having count(distinct person_id) >= 5;
-- asks: constants beside keys
select 7 as seven, clinic, count(*) n from visit group by seven, clinic;
select 7 as seven, clinic, count(*) n from visit group by seven, clinic having count(distinct person_id) >= 5;
-- asks: CASE as key
select case when day < date '2025-04-01' then 'early' else 'late' end w, count(*) n from visit group by w;
select case when day < date '2025-04-01' then 'early' else 'late' end w, count(*) n from visit group by w;
-- asks: decimals
select clinic, sum(fee) s, sum(fee * 2) d from visit where clinic is not null group by clinic;
select clinic, sum(fee) s, sum(fee * 2) d from visit where clinic is not null group by clinic having count(distinct person_id) >= 10;
-- asks: a public table joined
select a.label, count(*) n from person p join area a on p.region = a.region group by a.label;
select a.label, count(*) n from person p join area a on p.region = a.region group by a.label having count(distinct person_id) >= 10;
-- asks: safe cells joined to a public table, absent cells as NULL
select a.label, c.n from area a left join (select region, count(*) n from person group by region) c on a.region = c.region;
select a.label, c.n from area a left join (select region, count(*) n from person group by region having count(distinct person_id) >= 5) c on a.region = c.region;
-- asks: a scalar sub-query over a public table
select region, (select count(*) from area) a, (select max(label) from area b where b.region = person.region) l, count(*) n from person where region < 50 group by region;
select region, (select count(*) from area) a, (select max(label) from area b where b.region = person.region) l, count(*) n from person where region < 50 group by region;
-- asks: a scalar sub-query over a frontier
select count(*) n from person where income > (select avg(income) from person);
select count(*) n from person where income > (select avg(income) from person);
-- asks: a scalar sub-query tied to groups of other units
select count(*) n from person p where income > (select avg(q.income) from person q where q.region = p.region and q.sex = p.sex);
select count(*) n from person p where income > (select avg(q.income) from person q where q.region = p.region and q.sex = p.sex having count(distinct q.person_id) >= 10);
-- asks: a scalar sub-query over public rows that counts persons, with HAVING of its own
select a.label, (select count(*) from person p where p.region = a.region having count(*) > 71) n from area a;
select a.label, (select count(*) from person p where p.region = a.region having count(*) > 71) n from area a;
-- asks: EXISTS and NOT EXISTS tied to groups of other units
select count(*) n from visit v where exists (select 1 from visit w where w.cost > 100 and w.clinic = v.clinic) and not exists (select * from visit w where w.cost > 900 and w.clinic = v.clinic);
select count(*) n from visit v where clinic <> 'rare';
-- asks: EXISTS over rows of units, tied to nothing
select count(*) n from person where exists (select 1 from visit where cost > 100) and not exists (select 1 from visit where cost > 9000) and not exists (select * from visit where clinic = 'rare');
select count(*) n from person;
-- asks: IN tied to groups of other units
select count(*) n from person p where 'c1' in (select v.clinic from visit v where v.visit_id % 8 = p.region);
select count(*) n from person p where p.region in (1, 5);
-- asks: the same name inside is another table
select count(*) n from visit join area on visit.visit_id % 12 = area.region where exists (select 1 from visit where visit.clinic = case when area.region = 0 then 'rare' else 'c1' end);
select count(*) n from visit join area on visit.visit_id % 12 = area.region where area.region <> 0;
-- asks: cells read by what a row says
with c as (select region, count(*) n from person group by region) select sum(n) s, count(*) k from (select p.person_id, (select n from c where c.region = p.region limit 1) n from person p);
with c as (select region, count(*) n from person group by region having count(*) >= 5) select sum(n) s, count(*) k from (select p.person_id, (select n from c where c.region = p.region limit 1) n from person p);
-- asks: IN aligned on the unit
select region, count(*) n from person where person_id in (select person_id from visit where clinic = 'c1') group by region;
select region, count(*) n from person where person_id in (select person_id from visit where clinic = 'c1') group by region having count(*) >= 10;
-- asks: EXISTS aligned on the unit
select count(*) n from person p where exists (select 1 from visit v where v.person_id = p.person_id and v.cost > 140);
select count(*) n from person p where exists (select 1 from visit v where v.person_id = p.person_id and v.cost > 140);
-- asks: a correlated scalar sub-query on the same unit
select avg(m) m from (select (select sum(v.cost) from visit v where v.person_id = p.person_id) m from person p);
select avg(m) m from (select (select sum(v.cost) from visit v where v.person_id = p.person_id) m from person p);
-- asks: an IN list of values that rows of units have
select count(*) n from visit where clinic in (select clinic from visit where cost > 60);
select count(*) n from visit where clinic in (select clinic from visit where cost > 60 group by clinic having count(distinct person_id) >= 10);
-- asks: an IN list in ON
select count(*) n from visit v join area a on v.clinic in (select clinic from visit where cost > 60) where a.region = 1;
select count(*) n from visit v join area a on v.clinic in (select clinic from visit where cost > 60 group by clinic having count(distinct person_id) >= 10) where a.region = 1;
-- asks: UNION ALL of rows of units
select k, count(*) n from (select person_id, clinic k from visit union all select person_id, sex from person) group by k;
select k, count(*) n from (select person_id, clinic k from visit union all select person_id, sex from person) group by k having count(distinct person_id) >= 5;
-- asks: UNION ALL of frontiers
select sex k, count(*) n from person group by sex union all select clinic, count(*) from visit group by clinic;
select sex k, count(*) n from person group by sex union all select clinic, count(*) from visit group by clinic having count(distinct person_id) >= 5;
-- asks: the same CTE twice
with c as (select region, count(*) n from person where region is not null group by region) select a.region, a.n, b.n m from c a join c b on a.region = b.region + 1;
with c as (select region, count(*) n from person where region is not null group by region having count(*) >= 5) select a.region, a.n, b.n m from c a join c b on a.region = b.region + 1;
-- asks: a CTE with column names, and one with a data set's name
with person(who, area, pay) as (select person_id, region, income from person) select area, count(*) n from person group by area;
with person(who, area, pay) as (select person_id, region, income from person) select area, count(*) n from person group by area having count(distinct who) >= 5;
-- asks: DISTINCT as a frontier
select distinct clinic from visit order by clinic;
select clinic from visit group by clinic having count(distinct person_id) >= 5 order by clinic;
-- asks: a window within the unit, then a frontier
select rn, count(*) n from (select person_id, row_number() over (partition by person_id order by day, visit_id) rn from visit) group by rn;
select rn, count(*) n from (select person_id, row_number() over (partition by person_id order by day, visit_id) rn from visit) group by rn having count(distinct person_id) >= 5;
-- asks: windows over whole partitions, of rows and of groups of one unit, in a filter and beside a comma
select sex, count(*) n, sum(n) m from (select p.sex, p.income, avg(p.income) over (partition by p.region, a.big) x, count(*) over () n from person p, area a where a.region = p.region and p.region < 50 qualify p.income > x) group by sex;
select sex, count(*) n, sum(n) m from (select p.sex, p.income, avg(p.income) over (partition by p.region, a.big) x, count(*) over () n from person p, area a where a.region = p.region and p.region < 50 qualify p.income > x) group by sex;
-- asks: a window over groups of one unit, and one within the unit beside it
select count(*) c, avg(s) a from (select person_id, day, sum(cost) s, avg(sum(cost)) over () t, row_number() over (partition by person_id order by day) r from visit group by person_id, day qualify r = 1) where s > t;
select count(*) c, avg(s) a from (select person_id, day, sum(cost) s, avg(sum(cost)) over () t, row_number() over (partition by person_id order by day) r from visit group by person_id, day qualify r = 1) where s > t;
-- asks: partitions without enough units have no value
select count(t) m from (select clinic, count(*) over (partition by clinic) t from visit);
select count(*) m from visit where clinic is distinct from 'rare';
-- asks: DISTINCT of rows with a partition's value
select distinct sex, count(*) over (partition by sex) s from person;
select distinct sex, count(*) over (partition by sex) s from person;
-- asks: RIGHT JOIN with public rows on either side
select a.label, count(p.sex) n from person p right join area a on a.region = p.region group by a.label;
select a.label, count(p.sex) n from person p join area a on a.region = p.region group by a.label;
-- asks: persons beside areas that may miss
select a.label, count(*) n from area a right join person p on a.region = p.region where p.region < 50 group by a.label;
select a.label, count(*) n from area a right join person p on a.region = p.region where p.region < 50 group by a.label;
-- asks: two types of units, each checked
select trade, count(*) n from job group by trade;
select trade, count(*) n from job group by trade having count(distinct person_id) >= 5 and count(distinct firm_id) >= 5;
-- asks: two types of units with sums
select trade, sum(wage) s from job group by trade;
select trade, sum(wage) s from job group by trade having count(distinct person_id) >= 10 and count(distinct firm_id) >= 10;
-- asks: two frontiers, one above the other
select max(n) m, min(n) i, count(*) c from (select clinic, count(*) n from visit group by clinic);
select max(n) m, min(n) i, count(*) c from (select clinic, count(*) n from visit group by clinic having count(distinct person_id) >= 5);
-- asks: rounding of L4 counts
select grp, count(amount) n from secret group by grp;
select grp, round(count(amount) / 10.0) * 10 n from secret group by grp;
-- asks: rounding of L4 sums
select sum(amount) s from secret;
select round(sum(amount) / 10.0) * 10 s from secret;
-- asks: nothing where nobody is enough
select count(*) n from person where region = 90 and sex = 'f' and income > 0;
select count(*) n from person where false having false;
-- asks: a count of distinct values
select count(distinct clinic) c from visit;
select count(distinct clinic) c from visit;
-- asks: ROLLUP, where a NULL of the data and a total are different cells
select region, sex, count(*) n, grouping(region) g, grouping_id(region, sex) i from person where region is null or region < 50 group by rollup (region, sex);
select region, sex, count(*) n, grouping(region) g, grouping_id(region, sex) i from person where region is null or region < 50 group by rollup (region, sex);
-- asks: CUBE with HAVING, a window and GROUPING above suppression
select sex, sick, sum(income) s, rank() over (order by count(*)) r from person where region < 50 group by cube (sex, sick) having count(*) > 90 or grouping(sick) = 1;
select sex, sick, sum(income) s, rank() over (order by count(*)) r from person where region < 50 group by cube (sex, sick) having count(*) > 90 or grouping(sick) = 1;
-- asks: GROUPING SETS without the set of all keys, and a plain key beside ROLLUP
with s as (select region, sex, count(*) n from person where region < 50 group by grouping sets ((region), (sex))) select count(*) c, sum(n) s, count(region) r, (select count(*) from (select clinic, day, count(*) from visit where clinic is not null and clinic <> 'rare' group by date_trunc('month', day), rollup (clinic), day)) k from s;
with s as (select region, sex, count(*) n from person where region < 50 group by grouping sets ((region), (sex))) select count(*) c, sum(n) s, count(region) r, (select count(*) from (select clinic, day, count(*) from visit where clinic is not null and clinic <> 'rare' group by date_trunc('month', day), rollup (clinic), day having count(distinct person_id) >= 5)) k from s;
-- asks: GROUP BY ALL with ORDER BY position
select sex, sick, count(*) from person group by all order by 1, 2;
select sex, sick, count(*) from person group by all order by 1, 2
