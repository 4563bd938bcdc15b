"""Random SELECTs: sources, joins, filters, groups, windows, sub-queries, set operations."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from tests.sql.fuzz.expressions import NUMBERS, TYPES, Column, Expressions, Scope, Type

TABLES: dict[str, dict[str, Type]] = {
    "sale": {
        "id": "int",
        "shop": "int",
        "kind": "str",
        "day": "date",
        '"at"': "ts",
        "qty": "int",
        "price": "dec",
        "ratio": "dbl",
        "paid": "bool",
        "城市": "str",
    },
    "shop": {"shop": "int", "name": "str", "Opened": "date", "boss": "int"},
}
AGGREGATES: tuple[tuple[Type, Type, str], ...] = (
    ("int", "int", "count({})"),
    ("int", "str", "count(distinct {})"),
    ("int", "bool", "count_if({})"),
    ("int", "int", "sum({})"),
    ("dec", "dec", "sum({})"),
    ("dbl", "int", "avg({})"),
    ("int", "int", "min({})"),
    ("dec", "dec", "max({})"),
    ("str", "str", "max({})"),
    ("date", "date", "min({})"),
    ("int", "int", "sum(distinct {})"),
    ("bool", "bool", "bool_or({})"),
    ("dbl", "dec", "median({})"),
)
"""(type of the result, of the argument, how to write it): those that no order of rows changes."""


@dataclass(frozen=True, kw_only=True)
class Query:
    """A text and its output columns, by name and type."""

    sql: str
    columns: tuple[tuple[str, Type], ...]


@dataclass(frozen=True, kw_only=True)
class From:
    """A FROM clause, what is in scope after it, and the column that no two of its rows share, if there is one."""

    sql: str
    scope: Scope
    unique: str | None


class Queries:
    """Writes random queries."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self.expressions = Expressions(self.chance)
        self.aliases = 0

    def statement(self) -> str:
        """One query, whose rows are in a total order."""
        query = self.query(2)
        words = f"{query.sql}"
        places = ", ".join(str(i + 1) for i in range(len(query.columns)))
        limit = self.chance.choice(("", "", " limit 20", " limit 15 offset 3"))
        text = f"select * from ({words}) z order by {places}{limit}"
        if self.chance.random() < 0.3:
            body, name = query.sql, self._alias()
            text = f"with {name} as ({body}) select * from {name} order by {places}{limit}"
        return self._shouted(text)

    def query(self, depth: int) -> Query:
        """A query of some kind."""
        roll = self.chance.random()
        if depth > 0 and roll < 0.12:
            return self._set_operation(depth - 1)
        if roll < 0.55:
            return self._grouped(depth)
        return self._rows(depth)

    # -- sources

    def _alias(self) -> str:
        self.aliases += 1
        return f"t{self.aliases}"

    def _named(self, alias: str, columns: dict[str, Type], *, bare: bool) -> Scope:
        """Columns under an alias; the bare name too where it is the only one."""
        found = []
        for name, kind in columns.items():
            ways = [f"{alias}.{name}", f"{alias.upper()}.{name}"]
            if name.isascii() and not name.startswith('"'):
                ways.append(f'{alias}."{name}"')
            found.append(Column(spellings=(*ways, *((name, name) if bare else ())), type=kind))
        return tuple(found)

    def _from(self, depth: int) -> From:
        roll = self.chance.random()
        if depth > 0 and roll < 0.2:
            inner, alias = self.query(depth - 1), self._alias()
            return From(
                sql=f"({inner.sql}) as {alias}", scope=self._named(alias, dict(inner.columns), bare=True), unique=None
            )
        if roll < 0.65:
            alias = self._alias()
            scope = self._named(alias, TABLES["sale"], bare=True)
            return From(sql=f"sale {alias}", scope=scope, unique=f"{alias}.id")
        return self._joined()

    def _joined(self) -> From:
        a, b = self._alias(), self._alias()
        left = self._named(a, TABLES["sale"], bare=False)
        right = self._named(b, TABLES["shop"], bare=False)
        roll = self.chance.random()
        if roll < 0.15:
            keep = tuple(c for c in left if not c.spellings[0].endswith(".shop"))
            return From(sql=f"sale {a} {self._kind()} shop {b} using (shop)", scope=(*keep, *right[1:]), unique=None)
        if roll < 0.25:
            return From(
                sql=f"sale {a} natural join shop {b}", scope=(*left[:1], *left[2:], *right[1:]), unique=f"{a}.id"
            )
        if roll < 0.4:
            kind = self.chance.choice(("semi", "anti"))
            return From(sql=f"sale {a} {kind} join shop {b} on {a}.shop = {b}.shop", scope=left, unique=f"{a}.id")
        condition = f"{a}.shop = {b}.shop"
        if self.chance.random() < 0.4:
            condition += f" and {self.expressions.predicate((*left, *right), 1)}"
        return From(sql=f"sale {a} {self._kind()} shop {b} on {condition}", scope=(*left, *right), unique=None)

    def _kind(self) -> str:
        return self.chance.choice(("join", "inner join", "left join", "left outer join", "full join", "right join"))

    # -- kinds of query

    def _where(self, scope: Scope, depth: int) -> str:
        roll = self.chance.random()
        if roll < 0.35:
            return ""
        parts = [self.expressions.predicate(scope, 2)]
        if depth > 0 and roll > 0.7:
            parts.append(self._sub_query(scope))
        return f" where {' and '.join(parts)}"

    def _sub_query(self, scope: Scope) -> str:
        """A condition with a query inside, correlated or not."""
        outer = self.expressions.leaf("int", tuple(c for c in scope if "." in c.spellings[0]))
        name = self._alias()
        return self.chance.choice(
            (
                f"{outer} in (select {name}.shop from shop {name} where {name}.boss is not null)",
                f"{outer} not in (select boss from shop {name} where boss is not null)",
                f"exists (select 1 from shop {name} where {name}.shop = {outer})",
                f"not exists (select * from sale {name} where {name}.qty = {outer} and {name}.paid)",
                f"{outer} > (select avg({name}.qty) from sale {name})",
                f"{outer} <= (select max({name}.qty) from sale {name} where {name}.shop = {outer})",
                f"{outer} = any (select {name}.shop from shop {name})",
                f"{outer} <> all (select {name}.shop from shop {name} where {name}.boss = 1)",
            )
        )

    def _rows(self, depth: int) -> Query:
        source = self._from(depth)
        kinds = [self.chance.choice(TYPES) for _ in range(self.chance.randint(1, 4))]
        own = self._alias()
        outputs = [(f"{own}c{i}", kind, self.expressions.make(kind, source.scope, 2)) for i, kind in enumerate(kinds)]
        windows = self._windows(source, f"{own}w")
        distinct = "distinct " if self.chance.random() < 0.2 else ""
        listed = ", ".join(f"{text}{self.chance.choice((' as ', ' '))}{name}" for name, _, text in [*outputs, *windows])
        qualify = ""
        if windows and self.chance.random() < 0.5:
            qualify = f" qualify {windows[0][0]} is not null and {windows[0][0]} <= 40"
        sql = f"select {distinct}{listed} from {source.sql}{self._where(source.scope, depth)}{qualify}"
        return Query(sql=sql, columns=tuple((n, k) for n, k, _ in [*outputs, *windows]))

    def _windows(self, source: From, name: str) -> list[tuple[str, Type, str]]:
        if self.chance.random() < 0.65:
            return []
        part = self.expressions.leaf(self.chance.choice(("int", "str", "bool")), source.scope)
        by = self.expressions.make("int", source.scope, 1)
        total = f"{by}, {source.unique}" if source.unique else None
        shapes = [
            f"rank() over (partition by {part} order by {by})",
            f"dense_rank() over (order by {by} desc)",
            f"count(*) over (partition by {part})",
            f"sum({self.expressions.leaf('int', source.scope)}) over (partition by {part})",
            f"max({by}) over (order by {by})",
        ]
        if total:
            shapes += [
                f"row_number() over (partition by {part} order by {total})",
                f"lag({by}, 2, -1) over (order by {total})",
                f"sum({by}) over (partition by {part} order by {total} rows between 2 preceding and current row)",
                f"first_value({by} ignore nulls) over (partition by {part} order by {total})",
                f"ntile(4) over (order by {total})",
                f"count(*) filter (where {part} is not null) over (order by {total} rows 3 preceding)",
            ]
        return [(name, "int", self.chance.choice(shapes))]

    def _grouped(self, depth: int) -> Query:
        source = self._from(depth)
        own = self._alias()
        keys = [
            (f"{own}k{i}", kind, self.expressions.make(kind, source.scope, 1))
            for i, kind in enumerate(self.chance.choice((("str",), ("int", "bool"), ("str", "int"), ("date",), ())))
        ]
        keys = [k for k in keys if any(c.spellings[0] in k[2] or c.spellings[-1] in k[2] for c in source.scope)]
        measures = [self._measure(source.scope, f"{own}m{i}") for i in range(self.chance.randint(1, 3))]
        listed = ", ".join(f"{text} as {name}" for name, _, text in [*keys, *measures])
        sql = f"select {listed} from {source.sql}{self._where(source.scope, depth)}"
        if keys:
            sql += f" group by {self._group_by(keys)}"
        if self.chance.random() < 0.3:
            conditions = ("count(*) > 2", "count(*) between 1 and 90", f"{measures[0][0]} is not null")
            sql += f" having {self.chance.choice(conditions)}"
        return Query(sql=sql, columns=tuple((n, k) for n, k, _ in [*keys, *measures]))

    def _measure(self, scope: Scope, name: str) -> tuple[str, Type, str]:
        kind, of, shape = self.chance.choice(AGGREGATES)
        text = shape.format(self.expressions.make(of, scope, 1))
        if self.chance.random() < 0.25:
            condition = self.expressions.predicate(scope, 1)
            text += f" filter ({'' if condition[0] != '(' and self.chance.random() < 0.5 else 'where '}{condition})"
        if kind in NUMBERS and self.chance.random() < 0.2:
            text = self.chance.choice((f"{text} + count(*)", f"coalesce({text}, 0)", f"round({text}, 1)"))
        return name, kind, text

    def _group_by(self, keys: list[tuple[str, Type, str]]) -> str:
        places = [str(i + 1) for i in range(len(keys))]
        texts, names = [k[2] for k in keys], [k[0] for k in keys]
        listed = ", ".join(self.chance.choice((places, texts, names)))
        ways = [listed, listed, "all", f"rollup ({', '.join(names)})", f"cube ({', '.join(names)})"]
        if len(keys) == 2:
            ways.append(f"grouping sets (({names[0]}, {names[1]}), {names[0]}, ())")
        return self.chance.choice(ways)

    def _set_operation(self, depth: int) -> Query:
        kinds = [self.chance.choice(("int", "str", "date", "bool")) for _ in range(self.chance.randint(1, 2))]
        members = []
        for _ in range(self.chance.randint(2, 3)):
            source = self._from(depth)
            listed = ", ".join(f"{self.expressions.make(k, source.scope, 1)} as c{i}" for i, k in enumerate(kinds))
            members.append(f"select {listed} from {source.sql}{self._where(source.scope, 0)}")
        text = members[0]
        for member in members[1:]:
            word = self.chance.choice(("union", "union all", "except", "intersect", "union all by name", "except all"))
            text = f"{text} {word} {member}" if self.chance.random() < 0.7 else f"({text}) {word} ({member})"
        return Query(sql=text, columns=tuple((f"c{i}", k) for i, k in enumerate(kinds)))

    def _shouted(self, text: str) -> str:
        """The same text, sometimes with keywords in capitals, comments and line ends."""
        if self.chance.random() < 0.5:
            for word in ("select", "from", "where", "group by", "order by", "having", "case when", "join"):
                text = text.replace(f"{word} ", f"{word.upper()} ")
        if self.chance.random() < 0.3:
            text = text.replace(" FROM ", "\nFROM ").replace(" where ", " -- filtered; 'so'\n where ")
        return text
