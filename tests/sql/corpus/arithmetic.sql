-- Numbers: operators, their order, literals, rounding. Separated by ";" at the end of a line.
select 1 + 2 * 3 - 4 / 2, (1 + 2) * 3, -2 * -3, - (2 + 3), +5;
select 7 / 2, 7 // 2, -7 // 2, 7 % 3, -7 % 3, 7.5 / 2, 7.5 // 2, 7.5 % 2;
select 10 - 4 - 3, 100 / 10 / 2, 100 // 7 // 2, 17 % 7 % 2;
select 10 - (4 - 3), 100 / (10 / 2), 2 * (3 % 2), 2 * 3 % 2;
select 2 ** 3, 2 ^ 3, 2 ** 3 ** 2, power(2, 10), pow(2, 0.5);
select -2 ** 2, -(2 ** 2), (-2) ** 2, 2 ** -1;
select 1 << 4, 256 >> 2, 6 & 3, 6 | 3, xor(6, 3), ~5;
select 1 | 2 & 3, (1 | 2) & 3, 1 + 2 << 1, 1 + (2 << 1);
select 1e3, 1.5e-2, 0.5, 5., 0.1 + 0.2, 1_000_000;
select 9223372036854775807, 9223372036854775807::hugeint + 1, 0x1F;
select 1.10, 1.1 + 1.10, 1.25 * 4, 10.0 / 4, 3.0 * 2;
select abs(-3), abs(2.5), sign(-2), sign(0), ceil(1.2), ceiling(-1.2), floor(1.8), floor(-1.8);
select round(2.5), round(-2.5), round(2.345, 2), round(1234.5, -2), round(ratio, 1), trunc(2.9), trunc(-2.9) from sale order by id;
select sqrt(2), cbrt(27), exp(1), ln(10), log(100), log10(1000), log2(8);
select pi(), radians(180), degrees(pi()), sin(0), cos(0), tan(0), atan2(1, 1), asin(1), acos(1);
select greatest(1, 2, 3), least(3, 2, 1), greatest(1, null, 3), least(null, null);
select mod(7, 3), fdiv(7, 2), fmod(7.5, 2), isnan('nan'::double), isinf('inf'::double), isfinite(1.0);
select id, qty + 1, qty - id, qty * price, price / qty, qty / 2, qty // 2, qty % 2, -qty, qty * -1 from sale order by id;
select id, price * 1.05, price / 3, price * price, ratio * 2, ratio / 3, ratio + qty from sale order by id;
select sum(qty * price), sum(qty) * sum(price), sum(qty) / count(*), avg(qty) * 2 + 1 from sale;
select id, (qty + 1) * (id - 1), qty + 1 * id - 1, (qty + id) / 2, qty + id / 2 from sale order by id;
select id, id - (qty - 1), id - qty - 1, id - (qty + 1), id * (qty * 2), id / (qty + 1) / 2, id / ((qty + 1) / 2) from sale order by id;
select id // 7 * 7 + id % 7 = id, (id // 7) * 7, id // (7 * 7) from sale order by id;
-- raises
select 5 // 0 is null, 5 % 0 is null, 1 / 0;
-- raises
select 9223372036854775807 + 1;
select xor(id, 5), id & 7, id | 1, id >> 1, ~id from sale order by id;
-- refused: function-refused
select random();
-- refused: function-refused
select setseed(0.5);
-- refused: function-refused
select factorial(5);
