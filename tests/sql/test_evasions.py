"""Can a query get around the frontier? Each attempt is refused, goes to people, or gives nothing of a single unit."""

from __future__ import annotations

import csv
from collections.abc import Iterator

import pytest

from tests.sql.ask import Desk, desk
from tests.sql.tables import PROTECTED, write

TARGET = 42

REFUSED = [
    # queries that look at the rows of other units
    "select p.region, t.c from person p, lateral (select count(*) c from visit v where v.person_id = p.person_id) t",
    "select p.region, t.income from person p, (select q.income from person q where q.region = p.region) t",
    "select count(*) from person p, (select v.cost from visit v where v.cost > p.region) t",
    "select count(*) from area a, (select b.label from area b where b.region = a.region) t, person p",
    "select avg(n) from (select person_id, count(*) n from job group by person_id)",
    "select region, (select sum(q.income) from person q where q.region = p.region) from person p group by region",
    "select region from person p group by region having (select sum(q.cost) from visit q where q.person_id = 3) > 1",
    "select count(*) from person p where exists (select 1 from person q where q.income > p.income)",
    "select count(*) from person where income = (select income from person where region = 90)",
    "select (select income from person limit 1) from area",
    "select array(select income from person)",
    "select avg((select max(income) from person where person.region = area.region)) from person, area",
    # queries that would fail for one person's value
    "select count(*) from person p where (select a.region from area a where p.income > 2000000000) is null or true",
    "select count(*) from person p where (select v.cost from visit v where v.person_id = p.person_id) is null or true",
    (
        "select count(*) from person p where (select (select b.region from area b where p.income > 2000000000) from "
        "area a where a.region = p.region limit 1) is null or true"
    ),
    (
        "select count(*) from person p where exists (select 1 from area a where p.income > 2000000000 group by a.big "
        "having max(a.region) * max(a.region) * 9000000000000000000 > 1) or true"
    ),
    # NULLs in lists of units
    (
        "select count(*) from person where person_id not in (select p.person_id from area a left join person p on "
        "a.region = p.region and p.sick)"
    ),
    (
        "select count(*) from area a left join person p on a.region = p.region where p.person_id not in "
        "(select person_id from person where sick)"
    ),
    # windows across units
    "select avg(x) from (select lag(income) over (order by income) x from person)",
    "select avg(x) from (select sum(income) over (order by income) x from person)",
    "select avg(x) from (select first_value(income) over (partition by region) x from person)",
    "select avg(x) from (select max(income) over () x from person)",
    "select avg(x) from (select sum(wage) over (partition by person_id) x from job)",
    "select row_number() over () from person",
    "select region, lag(income) over (partition by region order by income) from person",
    "select sum(x) from (select income - lag(income) over (partition by region order by person_id) x from person)",
    "select count(*) from person qualify row_number() over (partition by income) = 1",
    # rows of units
    "select * from person",
    "select person_id from person",
    "select p.* from person p",
    "select region from person limit 1",
    "select income from person where region = 90",
    "select count(*) from (select distinct sum(cost) from visit group by person_id)",
    "select count(*) from (select income from person union select cost from visit)",
    "select count(*) from (select income from person intersect select 1000)",
    "select x, count(*) from (select income x, person_id from person union all select 1, 1) group by x",
    "select count(*) from (select income from person union all select 1)",
    # identifiers in disguise
    "select distinct person_id from person",
    "with t as (select person_id as region from person) select region, count(*) from t group by region",
    "with t(a) as (select person_id from person) select a, count(*) from t group by 1",
    "select x, count(*) from (select person_id x from person union all select person_id from visit) group by x",
    "select case when sick then person_id else 0 end k, count(*) from person group by k",
    "select coalesce(person_id, 0) k, count(*) from person group by k",
    "select person_id::varchar k, count(*) from person group by k",
    "select concat(person_id, '') k, count(*) from person group by k",
    "select person_id + 0 k, count(*) from person group by k",
    "select {'a': person_id} k, count(*) from person group by k",
    "select [person_id] k, count(*) from person group by k",
    "select count(*) from person where person_id = 42",
    "select count(*) from person where person_id in (42, 43)",
    "select count(*) from person where person_id + 0 = 42",
    "select count(*) from person where person_id between 42 and 42",
    "select count(*) from person where case when person_id = 42 then sick end",
    "select sum(case when person_id = 42 then income end) from person",
    "select sum(income) filter (where person_id = 42) from person",
    "select sum(person_id) from person",
    "select avg(person_id) from person group by region",
    "select max(person_id) from person",
    "select count(distinct person_id + 0) from person",
    "select count(distinct case when person_id < 43 then person_id end) from person",
    "select region from person group by region having count(distinct person_id = 42) > 1",
    "select region, count(*) from person group by region order by max(person_id)",
    'select count(*) from person where "PERSON_ID" = 42',
    'select count(*) from PERSON P where p."Person_Id" <> 42',
    "select count(*) from person p join (select 42 as k) q on p.person_id = q.k",
    "select count(*) from person where person_id in (select 42)",
    "select count(*) from person p where exists (select 1 from (select 42 k) z where z.k = p.person_id)",
    # single values
    "select income, count(*) from person group by income having max(income) > 1",
    "select avg(m) from (select person_id, max(income) m from person group by person_id)",
    "select max(income, 3) from person",
    "select max(region, 3) from person",
    "select arg_max(income, region) from person",
    "select list(income) from person",
    "select string_agg(sex, ',') from person",
    "select any_value(income) from person",
    "select first(region) from person",
    "select count(distinct (region, sex)) from person",
    "select count(distinct region, sex) from person",
    # a right to sum is no right to show what one person's rows sum up to
    "select x, count(*) from (select person_id, sum(amount) x from secret group by person_id) group by x",
    "select max(x) from (select person_id, sum(amount) x from secret group by person_id)",
    "select distinct x from (select sum(amount) over (partition by person_id) x from secret)",
    # own tables
    "select o.tag, count(*) from own o left join person p on o.person_id = p.person_id group by o.tag",
    "select o.tag, count(*) from own o left join person p on o.region = p.region group by o.tag",
    "select o.tag, count(*) from (select * from own) o left join person p on o.region = p.region group by o.tag",
    "with o as (select * from own) select o.tag, count(*) from o left join person p using (region) group by o.tag",
    "select v.k, count(*) from (values (1), (2)) v(k) left join person p on v.k = p.region group by v.k",
    "select v.k, count(*) from (select 1 k union all select 2) v left join person p on v.k = p.region group by v.k",
    "select count(*) from person p right join own o on o.region = p.region",
    # hidden columns and other names
    'select "__tag_person_id" from person',
    'select count(*) from person where "__tag_person_id" = 1',
    'select p."__row" from person p',
    "select __t0 from (select person_id from person) q",
    'select count(*) from (select * from person) q where q."__u0" = 42',
    "select rowid from person",
    "select * from __s0",
    "select count(*) from main.person",
    "select count(*) from 'person.parquet'",
    "with __s0 as (select 1 x) select * from __s0",
    # forms that are not understood
    "select distinct region, row_number() over (partition by person_id order by region) rn from person",
    "with recursive t as (select 1 n union all select n + 1 from t where n < 5) select * from t",
    "values (1)",
    "select * from range(10)",
    "select * from unnest([1, 2])",
    "select unnest([1])",
    "pivot person on sex using count(*)",
    "select * from person pivot (count(*) for sex in ('f'))",
    "unpivot person on income, region",
    "select columns(*) from area",
    "select min(columns('inc.*')) from person",
    "select list_transform([1], x -> x)",
    "select #1 from area",
    "select count(*) from person group by ()",
    # groups and their totals
    "select grouping(income), count(*) from person group by rollup(region)",
    "select sex, count(*) from person group by rollup(region)",
    "select count(*) from (select person_id, count(*) n from visit group by rollup(person_id))",
    "select firm_id, count(*) from job group by grouping sets ((trade), (firm_id))",
    "select count(*) from person group by cube(region, sex, income), cube(sick, region + 1, region + 2)",
    "select distinct on (region) region, income from person",
    "select count(*) from (select distinct on (region) sex from person)",
    "select count(*) from person using sample 1 rows",
    "select count(*) from person tablesample 10%",
    "select count(*) from person at (version => 1)",
    "select count(*) from person for update",
    "select count(*) from person a asof join visit b on a.person_id = b.person_id",
    "select count(*) from person a asof left join visit b on a.person_id = b.person_id and a.income >= b.cost",
    "select count(*) from person anti join visit using (cost)",
    "select count(*) from person a semi join visit b using (person_id) right join visit c using (person_id)",
    "select count(*) from person natural join (select 42 as person_id)",
    "select count(*) from person where (person_id, region) = (42, 2)",
    "select count(*) from person where (person_id, region) in ((42, 2), (43, 3))",
    "select count(*) from person where person_id = any (select 42)",
    "select count(*) from person where person_id <> all (select 42)",
    "select sum(income order by person_id) from person",
    "select region, any_value(sex order by income) from person group by region",
    "select count(*) from (select income from person union by name select cost as income from visit)",
    "select sum(income & 1) from person",
    "select count(*) from person where (income >> 3) & 1 = 1",
    "select (select a.region << max(p.income) from person p) from area a",
    "select list_sum([income, 1]) from person",
    "select region, count(list_filter([income], lambda x: x > 100)) from person group by region",
    "select count({'a': income}) from person",
    "select count(*) from person p join (values (42)) v(k) on p.person_id = v.k",
    "select count(*) from person, (values (income)) v(k)",
    "select count(*) from person where person_id in (select k from (values (42)) v(k))",
    "select date_trunc(sex, day) d, count(*) from person join visit using (person_id) group by 1",
    "select random(), now()",
    "select current_user",
    "select getenv('HOME')",
    "from person",
    "select count(*) from person limit (select sum(income) from person)",
    "select label from area limit (select max(income) from person)",
    "select label from area order by region offset (select count(*) from person where sick)",
    "select sum(cost) over (order by day rows between cost preceding and current row) from visit",
    "select 1; select 2",
    "",
    ";",
    "--",
    "explain select 1",
    "attach 'x'",
    "set threads = 1",
    "copy person to 'x'",
    "select 1 from person where region = ?",
    "select $1",
    "select 'a' collate nocase",
    "select count(*) from person where sex = 'f' -- \u2028\n; drop table person",
    "select " + "(" * 400 + "1" + ")" * 400,
    "select " + "-" * 0 + "not " * 3000 + "true",
    "select " + " + ".join(["1"] * 3000),
    "select 1 --" + "x" * (64 << 10),
    "select 1\0",
    "select '\ud800'",
    "select count(*) from (select income - (select sum(income) from person) x, person_id from person) where x > 0",
]

REVIEWED = [
    "select avg(r) from (select rank() over (order by income) r, person_id from person)",
    "select avg(income) from (select * from person order by income desc limit 100)",
    "select count(*) from (select person_id, cost from visit union all select person_id, income from person offset 5)",
    "select count(*) from person p full join visit v on p.person_id = v.person_id",
    "select count(*) from person p left join visit v on v.clinic = 'c' || p.region",
    "select sum(income * case when region = 90 then 1 else 2 end) from person",
    "select avg(x) from (select person_id, case when region = 90 then income else 9000000 end x from person)",
    "select sum(greatest(income, 1000000)) from person",
    "select sum(cost) from (select person_id, cost from visit union all select person_id, 9000000 from person)",
    "select region, max(region) from person group by region",
    "select median(income) from person",
    "select region, quantile_cont(income, 0.5) from person group by region",
    "select sum(power(income, 3)) from person",
    "select any_value(sex) from person",
    "select approx_count_distinct(region) from person",
]

REVIEWED_NOTHING_OF_ONE = [
    "select avg(t) from (select income - avg(income) over (partition by sex) t from person where region = 90)",
    "select count(*) from (select * from visit limit 1)",
    "select count(*) from (select * from visit order by cost desc limit 3)",
    "select count(*) from (select * from visit offset 2999)",
    "select count(*) from (select person_id from visit group by person_id limit 1)",
    "select r, count(*) from (select person_id, rank() over (order by sum(cost)) r from visit group by 1) group by r",
    "select count(*) from (select 1 from visit group by person_id qualify row_number() over (order by sum(cost)) = 1)",
    "select count(*) from person p left join visit v on v.clinic = 'rare' where p.region = 90",
    "select count(*) from person p left join visit v on v.clinic = p.sex",
]

NOTHING_OF_ONE = [
    "select count(*) from person p where p.region = 90 and (select count(*) from person q where q.region = 90) > 2",
    "select n from (select (select count(*) from person p where p.region = a.region + 90) n from area a) where n > 0",
    "select count(*) from person p where exists (select 1 from person q where q.region = 90 and q.sick)",
    "select avg(t) from (select avg(income) over (partition by region) t from person where region = 90)",
    "select count(*) from visit v where 'rare' in (select w.clinic from visit w where w.clinic = v.clinic)",
    "select region, sum(income) from person where region = 90 group by region",
    "select count(*) from person where income = (select 1000 + 42 * 7919 % 500) and region = 2 and sex = 'f' and sick",
    "select income, count(*) from person where region = 90 group by income",
    "select distinct income from person where region = 90",
    "select count(*) from person p join area a on true where p.region = 90",
    "select count(*) from person p cross join area a cross join area b where p.region = 90",
    "select count(*) from person a join person b on a.sex = b.sex where b.region = 90",
    "select sum(a.income) from person a join person b on a.region = b.region where b.region = 90",
    "select count(*) from own o join person p on o.region = p.region and o.sex = p.sex where p.region = 90",
    "select sum(income) filter (where region = 90) from person",
    "select count(*) filter (where region = 90), count(*) filter (where region = 90 and sick) from person",
    "select region from person group by region having region = 90",
    "select region, sex, count(*), sum(income) from person where region = 90 group by cube(region, sex)",
    "select count(*) from person where region = 90 group by rollup(region, sex) having grouping(sex) = 1",
    "select clinic from visit group by clinic having clinic = 'rare' and sum(cost) > 0",
    "select clinic from visit where clinic = 'rare' group by clinic limit 1",
    "select count(*), sum(income) from person where region = 90 and income > 0",
    "select sum(s) from (select region, sum(income) s from person where region = 90 group by region)",
    "select n from (select region, count(*) n from person where region = 90 group by region) where n > 0",
    "select rank() over (order by count(*)) from visit where clinic = 'rare' group by clinic, day",
    "select count(distinct income) from person where region = 90",
    (
        "select avg(s) from (select person_id, sum(cost) s from visit where clinic = 'rare' and cost > 146 "
        "group by person_id)"
    ),
]


@pytest.fixture(scope="module")
def protected_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = write(tmp_path_factory.mktemp("evasions"), PROTECTED)
    own = folder / "own.csv"
    with own.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["person_id", "region", "sex", "tag"], *([i, 90, "f", i] for i in range(1, 40))])
    with desk(folder, {"own": own}) as found:
        yield found


@pytest.mark.parametrize("sql", REFUSED, ids=lambda s: ascii(s[:70]))
def test_it_is_refused_before_anything_runs(protected_desk: Desk, sql: str) -> None:
    seen = protected_desk.ask(sql)
    assert seen.decision == "refused", seen.rows[:3]
    assert not set(seen.codes) & {"engine-error", "guard-refused", "child-died", "names-failed"}


@pytest.mark.parametrize(
    "branches",
    [
        "case when region = 90 then 1 else 1000 end",
        "case when region = 90 and sex = 'f' then income else 10000000 end",
    ],
)
def test_a_sum_of_branches_of_which_few_persons_take_one_is_refused_once_that_is_known(
    protected_desk: Desk, branches: str
) -> None:
    seen = protected_desk.ask(f"select sum({branches}) from person")
    assert (seen.decision, seen.codes) == ("refused", ("firewall-combination",))


@pytest.mark.parametrize("sql", REVIEWED)
def test_people_have_to_judge_it(protected_desk: Desk, sql: str) -> None:
    assert protected_desk.ask(sql).decision == "review"


@pytest.mark.parametrize("sql", REVIEWED_NOTHING_OF_ONE)
def test_people_judge_it_and_nothing_of_a_few_units_is_there(protected_desk: Desk, sql: str) -> None:
    seen = protected_desk.ask(sql)
    assert seen.decision == "review", seen.codes
    assert all(value is None for row in seen.rows for value in row), seen.rows


@pytest.mark.parametrize("sql", NOTHING_OF_ONE)
def test_nothing_of_a_few_units_leaves(protected_desk: Desk, sql: str) -> None:
    seen = protected_desk.ask(sql)
    assert seen.codes in ((), ("rows-repeated",))
    assert all(value is None for row in seen.rows for value in row), seen.rows


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Desk]]:
    """Two worlds that differ in one person's income: nothing special, or the largest INTEGER."""
    folder = tmp_path_factory.mktemp("errors")
    units, fields, select = PROTECTED["person"]
    rich = select.replace("CASE WHEN i % 9", f"CASE WHEN i = {TARGET} THEN 2147483647 WHEN i % 9")
    one = write(folder / "one", {"person": (units, fields, select), "area": PROTECTED["area"]})
    other = write(folder / "other", {"person": (units, fields, rich), "area": PROTECTED["area"]})
    with desk(one) as first, desk(other) as second:
        yield first, second


ORACLES = [
    "select count(*) from person where income * 1000 > 5",
    "select count(*) from person where -income - 2000000000 < 5",
    "select count(*) from person where income + 1000000 > 5",
    "select count(*) from person where (income + 1000000)::bigint > 5",
    "select count(*) from person where cast(income as smallint) > 5",
    "select count(*) from person where income::utinyint is null or true",
    "select count(*) from person where 1000 // (income - 2147483647) is null or true",
    "select count(*) from person where 1000 % (income - 2147483647) is null or true",
    "select count(*) from person where date '2025-01-01' + income > date '2025-01-02' or true",
    "select count(*) from person where date '2025-01-01' + to_years(income) is null or true",
    "select count(*) from person where round(income * 1000, 1) > 1",
    "select count(*) from person where abs(-income - 1 - 1) > 1",
    (
        "select count(*) from (select person_id, sum(income) * 99999999999999999 * 99999999999999999 * 999 x "
        "from person "
        "group by person_id) where x is null or true"
    ),
    (
        "select count(*) from (select person_id, cast(sum(income) as smallint) x from person group by person_id) "
        "where x is null or true"
    ),
    (
        "select count(x) from (select person_id, sum(case when income > 2000000000 then 1e38::hugeint * 17 "
        "end) x from person "
        "group by person_id)"
    ),
    (
        "select count(*) from (select region, sum((case when income > 2000000000 then "
        "170141183460469231731687303715884105727 "
        "else 1 end)::hugeint) s from person group by region)"
    ),
    (
        "select count(*) from (select region, avg((case when income > 2000000000 then "
        "170141183460469231731687303715884105727 "
        "else 1 end)::hugeint) s from person group by region)"
    ),
    "select count(*) from (select person_id, sum(income::decimal(38,28)) over (partition by person_id) s from person)",
    (
        "select count(*) from person where case when income > 2000000000 then 9223372036854775807 * (select "
        "max(region) from area) > 0 else true end"
    ),
    (
        "select count(*) from person p where case when income > 2000000000 then 9223372036854775807 + (select "
        "max(a.region) + 1 from area a where a.region = p.region) > 0 else true end"
    ),
    "select count(*) from person where (case when income > 2000000000 then 'x' else '1' end)::integer = 1 or true",
    "select count(*) from person where strptime(income::varchar, '%Y') is null or true",
    "select count(*) from person where make_date(income, 1, 1) is null or true",
    (
        "select count(*) from person p where exists (select 1 from person q where q.person_id = p.person_id and "
        "q.income * 1000 > 1) or true"
    ),
]


@pytest.mark.parametrize("sql", ORACLES)
def test_whether_it_fails_does_not_depend_on_one_persons_value(worlds: tuple[Desk, Desk], sql: str) -> None:
    one, other = (world.ask(sql) for world in worlds)
    assert (one.decision, one.codes) == (other.decision, other.codes)
    assert "engine-error" not in one.codes
