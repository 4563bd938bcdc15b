-- Casts, and types that come together.
select 1::varchar, '1'::int, 1.6::int, -1.6::int, 1.5::int, 2.5::int, '1.5'::double, 'true'::boolean, 1::boolean, true::int;
select cast('12' as integer), cast(3.7 as bigint), cast(1 as double), cast('2025-01-01' as date), cast(1 as decimal(10, 3));
select try_cast('x' as integer), try_cast('12' as integer), try_cast(300 as tinyint), try_cast('2025-13-01' as date);
select 1::tinyint, 1::smallint, 1::bigint, 1::hugeint, 1::utinyint, 1::usmallint, 1::uinteger, 1::ubigint, 1::float, 1::real;
select 1.005::decimal(5, 2), 1.995::decimal(5, 2), 12345.678::decimal(8, 1), price::decimal(6, 1), ratio::decimal(6, 3) from sale order by id;
select price::integer, price::double, price::varchar, ratio::varchar, qty::varchar, paid::varchar, day::varchar from sale order by id;
select 1 + 1.5, 1::tinyint + 1::bigint, 1.5::float + 1, 1::decimal(4, 2) + 1::double, 10::decimal(4, 2) / 3;
select id::int % 7, (id % 7)::varchar || 'x', (id + 0.5)::int from sale order by id;
select (-1)::varchar, -(1::int), 1 - 1::int, 2 * 3::varchar::int;
select 1 = '1', '10' > 9;
select id::varchar = '5', '5' = id::varchar, id = '5' from sale order by id limit 10;
select coalesce(qty, 0.5), case when paid then 1 else 2.5 end, greatest(qty, 1.5) from sale order by id;
select case when paid then kind else null end, nullif(1, 1.0) from sale order by id;
select sum(qty), sum(price), sum(ratio), sum(paid::int), avg(qty), avg(price), sum(qty::bigint), sum(qty::double) from sale;
select sum(qty)::int, count(*)::double / 3, (sum(price) / 7)::decimal(10, 2) from sale;
select 1::int4, 1::int8, 1::int2, 'a'::text, 'a'::string, 1::numeric(5, 1), 1::dec(4), 1::bool, 1::float8, 1::float4;
select 'abc'::varchar(2), 'x'::char(1), '\xAA'::blob;
select (qty > 3)::int, (qty > 3)::int + 1, (kind is null)::varchar from sale order by id;
select cast(null as integer), null::varchar, try_cast(kind as integer) from sale order by id;
select cast(price * 100 as integer) % 7, cast(price as integer) from sale order by id;
select cast(id as varchar(10)), cast(day as timestamp), cast("at" as date) from sale order by id;
select date '2025-01-01' = '2025-01-01', day = '2025-01-03' from sale order by id limit 5;
select 1 as a union all select 2.5 order by 1;
select 'a' as x union select null order by x nulls first;
select id, price from sale where price > '5' order by id;
-- raises
select 'x'::int;
-- raises
select cast(kind as integer) from sale;
-- refused: construct-refused
select 1::variant;
