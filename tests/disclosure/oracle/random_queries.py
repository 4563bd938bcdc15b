"""Which queries did nobody think of? Random sources, predicates, keys, measures, and what stands above a frontier."""

from __future__ import annotations

import random
from dataclasses import dataclass

from tests.disclosure.oracle.corpus import Asked


@dataclass(frozen=True, kw_only=True)
class Source:
    """What stands in FROM, with columns to group by, to calculate with, and to hold true or false."""

    text: str
    labels: tuple[str, ...]
    numbers: tuple[str, ...]
    unit: str = ""


PERSONS = Source(
    text="person", labels=("region", "sex", "band", "sick"), numbers=("income", "points", "region"), unit="person_id"
)
VISITS = Source(text="visit", labels=("clinic", "month(day)"), numbers=("cost", "fee", "day(day)"), unit="person_id")
SOURCES = (
    PERSONS,
    VISITS,
    Source(text="job", labels=("trade",), numbers=("wage",)),
    Source(text="supply", labels=("part", "qty > 3"), numbers=("price", "qty")),
    Source(
        text="person join visit using (person_id)",
        labels=("region", "sex", "clinic"),
        numbers=("income", "cost", "fee", "points"),
        unit="person_id",
    ),
    Source(
        text="person p join job j on p.person_id = j.person_id",
        labels=("p.sex", "j.trade"),
        numbers=("p.income", "j.wage"),
    ),
    Source(
        text="job j join supply s on j.firm_id = s.firm_id",
        labels=("j.trade", "s.part"),
        numbers=("j.wage", "s.price", "s.qty"),
    ),
    Source(text="person, (values (1), (2), (NULL)) v(i)", labels=("i", "sex"), numbers=("income", "points", "i")),
    Source(
        text="person p join mine m using (person_id)",
        labels=("m.tag", "p.sex"),
        numbers=("p.income", "m.weight", "p.points"),
    ),
    Source(
        text="person p left join area a on p.region = a.region",
        labels=("a.label", "a.big", "p.sex"),
        numbers=("p.income", "a.region"),
    ),
    Source(
        text="(select person_id, clinic k, cost x from visit union all select person_id, sex, income from person) u",
        labels=("k",),
        numbers=("x",),
        unit="person_id",
    ),
    Source(
        text="(select person_id, count(*) n, sum(cost) s from visit group by person_id) per",
        labels=("n > 5", "s > 40"),
        numbers=("n", "s"),
        unit="person_id",
    ),
    Source(
        text="(select *, row_number() over (partition by person_id order by day, visit_id) r from visit) w",
        labels=("r", "clinic"),
        numbers=("cost", "r"),
        unit="person_id",
    ),
    Source(
        text="person a join person b on a.person_id = b.person_id",
        labels=("a.sex", "b.region"),
        numbers=("a.income", "b.points"),
    ),
    Source(text="lineitem", labels=("l_returnflag", "l_shipmode"), numbers=("l_quantity", "l_extendedprice")),
    Source(
        text="customer join lineitem on c_custkey = l_custkey",
        labels=("c_mktsegment", "l_linestatus"),
        numbers=("c_acctbal", "l_extendedprice", "l_quantity"),
    ),
)


class Queries:
    """The random query of one seed; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.seed, self.chance = seed, random.Random(seed)

    def asked(self) -> Asked:
        """One query or two in one, with their frontiers."""
        first = self._grouped()
        if self.chance.random() < 0.15:
            second = self._grouped()
            sql = f"select (select max(c0) from ({_named(first)})) a, (select count(*) from ({_named(second)})) b"
            frontiers: tuple[str, ...] = (_plain(first), _plain(second))
        else:
            sql, frontiers = self._above(first), (_plain(first),)
        return Asked(title=f"seed {self.seed}", sql=sql, frontiers=frontiers, review=None)

    def _above(self, grouped: tuple[list[str], list[str], str]) -> str:
        keys, measures, _ = grouped
        last = f"c{len(keys) + len(measures) - 1}"
        named = _named(grouped)
        return self.chance.choice(
            (
                _plain(grouped),
                named,
                f"{named} having {measures[0]} > 3",
                f"{named} order by {len(keys) + 1} desc limit 3",
                f"select * from ({named}) where {last} > 2",
                f"with c as ({named}) select count(*), max({last}) from c",
                f"select *, rank() over (order by {last}) from ({named}) q",
                f"with c as ({named}) select a.* from c a, c b where a.{last} > b.{last}",
            )
        )

    def _grouped(self) -> tuple[list[str], list[str], str]:
        """Keys, measures, and what follows them."""
        source = self.chance.choice(SOURCES)
        keys = self.chance.sample(source.labels, self.chance.randrange(min(3, len(source.labels) + 1)))
        if self.chance.random() < 0.2:
            keys.append(f"case when {self._predicate(source, 1)} then 'x' end")
        wanted = self.chance.randrange(1, 4)
        plain = {self._measure(source): None for _ in range(wanted)}
        filtered = {
            f"{m} filter (where {self._predicate(source, 1)})": None for m in plain if self.chance.random() < 0.2
        }
        where = f" where {self._predicate(source, 3)}" if self.chance.random() < 0.7 else ""
        if source.unit and self.chance.random() < 0.2:
            inner = self.chance.choice((PERSONS, VISITS))
            word = self.chance.choice(("in", "not in"))
            listed = f"{source.unit} {word} (select person_id from {inner.text} where {self._predicate(inner, 1)})"
            where = f"{where} and {listed}" if where else f" where {listed}"
        group = f" group by {', '.join(str(i + 1) for i in range(len(keys)))}" if keys else ""
        return keys, [*plain, *filtered], f"from {source.text}{where}{group}"

    def _measure(self, source: Source) -> str:
        number, chance = self.chance.choice(source.numbers), self.chance
        return chance.choice(
            (
                "count(*)",
                f"count({number})",
                f"sum({number})",
                f"sum({number})",
                f"avg({number})",
                f"stddev({number})",
                f"count(distinct {number})",
                f"sum({number} * {chance.choice(source.numbers)})",
                f"sum({number} - {chance.randrange(30)})",
                f"sum(case when {self._predicate(source, 1)} then {number} else 0 end)",
                f"sum(case when {self._predicate(source, 1)} then {number} else -{number} end)",
                f"avg(case when {self._predicate(source, 2)} then {number} end)",
                f"count_if({self._predicate(source, 1)})",
                f"count(nullif({number}, {chance.randrange(3)}))",
                f"sum(coalesce({number}, {chance.randrange(9)}))",
            )
        )

    def _predicate(self, source: Source, depth: int) -> str:
        chance = self.chance
        if depth > 1 and chance.random() < 0.6:
            left, right = self._predicate(source, depth - 1), self._predicate(source, depth - 1)
            return f"({left} {chance.choice(('and', 'or'))} {right})"
        number, label = chance.choice(source.numbers), chance.choice(source.labels)
        return chance.choice(
            (
                f"{number} {chance.choice(('<', '>', '<=', '>=', '<>', '='))} {chance.randrange(-10, 60)}",
                f"{number} between {chance.randrange(-5, 10)} and {chance.randrange(10, 80)}",
                f"{number} is {chance.choice(('', 'not '))}null",
                f"{label} is {chance.choice(('', 'not '))}null",
                f"not ({number} > {chance.randrange(40)})",
                f"{number} in (0, 10, {chance.randrange(60)})",
                f"coalesce({number}, 0) % 3 <> {chance.randrange(3)}",
            )
        )


def _plain(grouped: tuple[list[str], list[str], str]) -> str:
    keys, measures, rest = grouped
    return f"select {', '.join([*keys, *measures])} {rest}"


def _named(grouped: tuple[list[str], list[str], str]) -> str:
    keys, measures, rest = grouped
    return f"select {', '.join(f'{c} c{i}' for i, c in enumerate([*keys, *measures]))} {rest}"
