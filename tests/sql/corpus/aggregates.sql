-- Aggregates with DISTINCT, FILTER, ORDER BY and NULLs.
select count(*), count(qty), count(distinct qty), count(1), count(null), count(paid), count(distinct kind) from sale;
select count(*) from sale where false;
select sum(qty), sum(price), avg(qty), min(qty), max(qty) from sale where false;
select sum(qty), sum(distinct qty), avg(distinct qty), min(distinct qty), count(distinct qty + 0) from sale;
select stddev(qty), stddev_samp(qty), stddev_pop(qty), variance(qty), var_samp(qty), var_pop(qty), sem(qty) from sale;
select median(qty), median(price), mode(kind), mad(qty) from sale where kind = 'Ab' or id < 4;
select quantile(qty, 0.5), quantile_cont(price, 0.25), quantile_disc(qty, 0.9), quantile_cont(qty, 0.1) from sale;
select percentile_cont(0.5) within group (order by qty), percentile_disc(0.25) within group (order by price) from sale;
select bool_and(paid), bool_or(paid), bit_and(qty), bit_xor(qty), bool_and(qty >= 0) from sale;
select any_value(shop) from sale where shop = 3;
select first(id order by id), last(id order by id), first(kind order by id desc), any_value(id order by id) from sale;
select arg_max(id, price), arg_min(id, price), max_by(kind, id), min_by(kind, id), argmax(id, ratio) from sale where id < 100;
select max(price, 3)[1], min(qty, 2)[2] from sale;
select count_if(paid), countif(qty > 3), sum(if(paid, qty, 0)), sum(case when qty > 3 then 1 else 0 end) from sale;
select sum(qty) filter (where paid), avg(price) filter (qty > 3), count(*) filter (where kind is null), max(id) filter (where id < 10) from sale;
select shop, sum(qty) filter (where kind = 'Ab') as ab, sum(qty) filter (where kind <> 'Ab') as other from sale group by shop order by shop;
select count(distinct qty) filter (where paid), sum(distinct qty) filter (where not paid) from sale;
select fsum(ratio), kahan_sum(ratio), favg(ratio), mean(price), sumkahan(ratio) from sale;
select list(id order by id)[1], list(id order by id desc)[1:3] is not null from sale where id < 10;
select array_agg(qty order by id)[2] from sale where id < 10;
select histogram(shop) is not null, approx_count_distinct(kind) > 0 from sale;
select sum(qty) + sum(price), sum(qty + price), sum(qty) - count(*), max(qty) - min(qty), 1.0 * sum(qty) / count(qty) from sale;
select round(avg(price), 2), round(100.0 * count_if(paid) / count(*), 1) || '%' from sale;
select sum(qty * price) / sum(qty), sum(price) filter (where paid) / sum(price) from sale;
select max(upper(kind)), min(length(kind)), max(day), min("at"), max(paid), max(ratio) from sale;
select sum(a.n) from (select count(*) as n from sale group by shop) a;
select avg(s), max(s), count(*) from (select shop, sum(qty) as s from sale group by shop) t where s > 10;
select count(*) + 1, -count(*), abs(-sum(qty)), coalesce(sum(qty) filter (where false), 0) from sale;
select sum(1), sum(2.5), count('x'), max('a'), sum(null) from sale;
select count(*) from (select distinct shop, kind from sale);
select count(distinct (shop is null)) from sale;
select product_name from (select 'p' as product_name);
select sum(x) from (select unnest_like as x from (select qty as unnest_like from sale));
select kind, max(price) as top, min(price) as low, max(price) - min(price) as spread from sale group by kind order by spread desc, kind;
-- refused: function-refused
select product(qty) from sale;
-- refused: function-refused
select corr(qty, price) from sale;
