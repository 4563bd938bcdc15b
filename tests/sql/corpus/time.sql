-- Dates, times and intervals.
select date '2025-02-28', timestamp '2025-02-28 12:34:56', time '12:34:56', interval 3 day, interval '2' month, interval '1 year 2 months';
select date '2025-01-31' + interval 1 month, date '2025-03-31' - interval 1 month, date '2025-01-01' + 5, date '2025-01-10' - 3;
select date '2025-03-01' - date '2025-02-01', timestamp '2025-01-02' - timestamp '2025-01-01', date '2025-01-01' + interval '36' hour;
select day, day + 1, day - 1, day + interval 1 day, day - interval '2 days', day - date '2025-01-01' from sale order by id;
select id, "at" + interval 90 minute, "at" - interval '1' hour, "at"::date, "at"::time from sale order by id;
select year(day), month(day), day(day), quarter(day), week(day), dayofweek(day), isodow(day), dayofyear(day), weekofyear(day), yearweek(day) from sale order by id;
select hour("at"), minute("at"), second("at"), dayname(day), monthname(day), last_day(day), decade(day), century(day) from sale order by id;
select extract(year from day), extract('month' from day), extract(dow from day), extract(epoch from "at"), extract(week from day) from sale order by id;
select date_part('year', day), date_part('doy', day), date_part('hour', "at"), datepart('month', day) from sale order by id;
select date_trunc('month', day), date_trunc('week', day), date_trunc('hour', "at"), date_trunc('quarter', "at"), datetrunc('year', day) from sale order by id;
select date_trunc('month', day)::date, date_trunc('day', "at")::timestamp from sale order by id;
select date_diff('day', day, date '2025-06-01'), datediff('month', day, date '2025-06-01'), date_diff('hour', "at", timestamp '2025-01-05') from sale order by id;
select date_sub('day', day, date '2025-06-01'), datesub('month', day, date '2025-06-15') from sale order by id;
select date_add(day, interval 1 month) from sale order by id limit 5;
select strftime(day, '%Y-%m-%d'), strftime("at", '%H:%M'), strftime(day, '%d/%m/%y %j') from sale order by id;
select strptime('2025-01-02', '%Y-%m-%d'), strptime('02.01.2025 13:00', '%d.%m.%Y %H:%M'), try_strptime('x', '%Y');
select make_date(2025, 1, 2), make_time(1, 2, 3.5), make_timestamp(2025, 1, 2, 3, 4, 5.5);
select to_days(3), to_hours(2), to_minutes(5), to_months(2), to_years(1), to_seconds(10), to_weeks(1);
select time_bucket(interval '7 days', day), time_bucket(interval '1 month', day) from sale order by id;
select epoch("at"), epoch_ms("at"), epoch_us("at") from sale order by id;
select epoch_ms(1735689600000), julian(day) from sale order by id limit 3;
select day from sale where day >= '2025-03-01' and day < date '2025-03-05' order by id;
select day from sale where day between '2025-01-05' and date '2025-01-05' + interval 3 day order by id;
select count(*) from sale where "at" > '2025-01-03 12:00:00' and day <> date '2025-01-04';
select date_trunc('month', day) as m, count(*), sum(qty) from sale group by m order by m;
select year(day) || '-' || lpad_month as ym, count(*) from (select day, strftime(day, '%m') as lpad_month from sale) group by ym order by ym;
select day::varchar, day::timestamp, "at"::varchar, '2025-01-05'::date, cast('2025-01-05 10:00' as timestamp), '12:30'::time from sale order by id limit 4;
select min(day), max(day), max("at") - min("at"), max(day) - min(day) from sale;
select dayname(day) as d, count(*) from sale group by d order by d;
select case when dayofweek(day) in (0, 6) then 'weekend' else 'weekday' end as w, avg(price) from sale group by 1 order by 1;
select interval 1 hour > interval 30 minute, interval '1' day + interval '2' hour, interval 2 month * 3, -interval 1 day;
select id, day + to_days(qty), "at" + to_minutes(id) from sale order by id;
select day, day = date_trunc('month', day), day = last_day(day) from sale order by id;
select isfinite(day), greatest(day, date '2025-02-01'), least("at", timestamp '2025-01-03') from sale order by id;
select timestamp '2025-01-01 10:00:00' - interval 1 year, date '2024-02-29' + interval 1 year;
select extract(isodow from day) as i, count(*) from sale group by i order by i;
-- refused: function-refused
select age(timestamp '2025-03-01', timestamp '2024-01-15') is null where false;
-- refused: function-refused
select now();
-- refused: function-refused
select today();
-- refused: function-refused
select age(day) from sale;
-- refused: function-needs-constant
select date_trunc(kind, day) from sale;
-- refused: function-needs-constant
select strftime(day, kind) from sale;
-- refused: function-refused
select current_date;
