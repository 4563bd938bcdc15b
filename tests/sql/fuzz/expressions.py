"""Random expressions of a wanted type over the columns in scope, written in many ways."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

Type = str
TYPES: tuple[Type, ...] = ("int", "dec", "dbl", "str", "date", "ts", "bool")
NUMBERS: tuple[Type, ...] = ("int", "dec", "dbl")
LITERALS: dict[Type, tuple[str, ...]] = {
    "int": ("0", "1", "2", "3", "7", "-1", "12"),
    "dec": ("0.5", "1.25", "3.00", "9.99"),
    "dbl": ("0.5::double", "1e0", "2.25::double"),
    "str": ("'Ab'", "'bC'", "'c_d'", "''", "'it''s'", "'杭州'", "'%'"),
    "date": ("date '2025-01-15'", "date '2025-02-28'", "'2025-03-01'::date"),
    "ts": ("timestamp '2025-01-03 12:00:00'", "cast('2025-01-05' as timestamp)"),
    "bool": ("true", "false"),
}
NULLS: dict[Type, str] = {
    "int": "null::int",
    "dec": "null::decimal(9, 2)",
    "dbl": "null::double",
    "str": "null::varchar",
    "date": "null::date",
    "ts": "null::timestamp",
    "bool": "null::boolean",
}
CASTS: dict[tuple[Type, Type], tuple[str, ...]] = {
    ("int", "dec"): ("cast({} as decimal(12, 2))", "{}::decimal(12, 2)"),
    ("int", "dbl"): ("cast({} as double)", "{}::double"),
    ("dec", "dbl"): ("{}::double",),
    ("int", "str"): ("{}::varchar", "cast({} as text)"),
    ("bool", "int"): ("{}::int", "cast({} as integer)"),
    ("date", "str"): ("{}::varchar", "strftime({}, '%Y-%m')"),
    ("date", "ts"): ("{}::timestamp",),
    ("ts", "date"): ("cast({} as date)",),
}
"""(from, to) → ways to write a cast that cannot fail."""

UNARY: dict[Type, tuple[tuple[Type, str], ...]] = {
    "int": (
        ("int", "abs({})"),
        ("int", "-{}"),
        ("int", "sign({})"),
        ("str", "length({})"),
        ("str", "strpos({}, 'b')"),
        ("date", "year({})"),
        ("date", "month({})"),
        ("date", "extract(dow from {})"),
        ("date", "date_part('day', {})"),
        ("date", "date_diff('day', date '2025-01-01', {})"),
        ("ts", "extract('hour' from {})"),
    ),
    "dec": (("dec", "abs({})"), ("dec", "round({}, 1)"), ("dec", "-{}")),
    "dbl": (("dbl", "round({}, 2)"), ("dbl", "floor({})"), ("dbl", "abs({})")),
    "str": (
        ("str", "upper({})"),
        ("str", "lower({})"),
        ("str", "trim({})"),
        ("str", "reverse({})"),
        ("str", "substring({}, 1, 2)"),
        ("str", "left({}, 1)"),
        ("str", "({})[1:2]"),
        ("str", "replace({}, 'b', 'x')"),
        ("str", "regexp_replace({}, '[A-Z]', '_', 'g')"),
        ("date", "dayname({})"),
    ),
    "date": (("date", "last_day({})"), ("date", "{} + 3"), ("date", "date_trunc('month', {})::date")),
    "ts": (("ts", "date_trunc('hour', {})"), ("ts", "{} + interval 90 minute"), ("date", "{} + interval '1' month")),
    "bool": (
        ("str", "{} like 'A%'"),
        ("str", "{} not ilike '%B'"),
        ("str", "starts_with({}, 'A')"),
        ("str", "{} ~ '^[Aa]'"),
        ("str", "{} similar to '(Ab|bC)'"),
        ("str", "{} glob '*b'"),
        ("int", "{} % 2 = 0"),
        ("bool", "{} is true"),
        ("bool", "{} is not false"),
        ("date", "{} between '2025-01-10' and date '2025-02-10'"),
    ),
}
"""Wanted type → (type of the operand, how to write it)."""


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column in scope: how it may be written, and its type."""

    spellings: tuple[str, ...]
    type: Type


Scope = tuple[Column, ...]


class Expressions:
    """Writes random expressions."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self._makers: tuple[Callable[[Type, Scope, int], str], ...] = (
            self._unary,
            self._unary,
            self._cast,
            self._case,
            self._choice,
            self._binary,
            self._binary,
            self._chain,
        )

    def make(self, wanted: Type, scope: Scope, depth: int) -> str:
        """An expression of a type; brackets only where it is not one word."""
        if depth <= 0 or self.chance.random() < 0.3:
            return self.leaf(wanted, scope)
        return self.chance.choice(self._makers)(wanted, scope, depth - 1)

    def leaf(self, wanted: Type, scope: Scope) -> str:
        """A column where there is one of the type, else a literal."""
        fitting = [c for c in scope if c.type == wanted]
        if fitting and self.chance.random() < 0.85:
            return self.chance.choice(self.chance.choice(fitting).spellings)
        return self.chance.choice((*LITERALS[wanted], NULLS[wanted]))

    def predicate(self, scope: Scope, depth: int) -> str:
        """A condition; AND, OR and NOT with as few brackets as their meaning allows."""
        roll = self.chance.random()
        if depth > 0 and roll < 0.25:
            return f"{self.predicate(scope, depth - 1)} and {self.predicate(scope, depth - 1)}"
        if depth > 0 and roll < 0.45:
            return f"({self.predicate(scope, depth - 1)} or {self.predicate(scope, depth - 1)})"
        if depth > 0 and roll < 0.55:
            return f"not ({self.predicate(scope, depth - 1)})"
        return self._comparison(scope, max(depth, 1))

    def _comparison(self, scope: Scope, depth: int) -> str:
        kind = self.chance.choice(("int", "dec", "str", "date", "bool", "bool"))
        if kind == "bool":
            return self._in_brackets(self.make("bool", scope, depth))
        left, right = self.make(kind, scope, depth - 1), self.make(kind, scope, depth - 1)
        shape = self.chance.choice(
            (
                "{0} = {1}",
                "{0} <> {1}",
                "{0} < {1}",
                "{0} >= {1}",
                "{0} is distinct from {1}",
                "{0} is not distinct from {1}",
                "{0} in ({1}, {2})",
                "{0} not in ({1}, {2})",
                "{0} between {1} and {2}",
                "{0} is null",
                "{0} is not null",
                "({0}, {1}) = ({2}, {1})",
                "({0}, {1}) in (({2}, {1}), ({0}, {2}))",
                "coalesce({0}, {1}) = {2}",
            )
        )
        return shape.format(
            self._in_brackets(left), self._in_brackets(right), self._in_brackets(self.leaf(kind, scope))
        )

    def _in_brackets(self, text: str) -> str:
        plain = text.replace("_", "").replace(".", "").replace('"', "").isalnum()
        return text if plain else f"({text})"

    def _unary(self, wanted: Type, scope: Scope, depth: int) -> str:
        kind, shape = self.chance.choice(UNARY[wanted])
        return shape.format(self._in_brackets(self.make(kind, scope, depth)))

    def _cast(self, wanted: Type, scope: Scope, depth: int) -> str:
        ways = [(a, way) for (a, b), shapes in CASTS.items() if b == wanted for way in shapes]
        if not ways:
            return self.leaf(wanted, scope)
        kind, way = self.chance.choice(ways)
        return way.format(self._in_brackets(self.make(kind, scope, depth)))

    def _case(self, wanted: Type, scope: Scope, depth: int) -> str:
        first, second = self.make(wanted, scope, depth), self.make(wanted, scope, depth)
        condition = self.predicate(scope, 0)
        return self.chance.choice(
            (
                f"case when {condition} then {first} else {second} end",
                f"case when {condition} then {first} end",
                f"if({condition}, {first}, {second})",
                f"case {self.leaf('int', scope)} when 1 then {first} when 2 then {second} else {second} end",
            )
        )

    def _choice(self, wanted: Type, scope: Scope, depth: int) -> str:
        first, second = self.make(wanted, scope, depth), self.make(wanted, scope, depth)
        name = self.chance.choice(("coalesce", "nullif", "greatest", "least", "ifnull"))
        return f"{name}({first}, {second})"

    def _binary(self, wanted: Type, scope: Scope, depth: int) -> str:
        if wanted == "bool":
            return self.predicate(scope, depth)
        first, second = self._in_brackets(self.make(wanted, scope, depth)), self._in_brackets(self.leaf(wanted, scope))
        if wanted in NUMBERS:
            operator = self.chance.choice(("+", "-", "*") if wanted != "int" else ("+", "-", "*", "%", "//"))
            return f"{first} {operator} {second if operator in '+-*' else '7'}"
        if wanted == "str":
            return self.chance.choice((f"{first} || {second}", f"concat({first}, '-', {second})"))
        return self.leaf(wanted, scope)

    def _chain(self, wanted: Type, scope: Scope, depth: int) -> str:
        """Operators one after another without a bracket: what binds first is for the parsers to know."""
        parts = [self.leaf(wanted, scope) for _ in range(self.chance.randint(3, 4 + min(depth, 1)))]
        if wanted == "bool":
            return self._conditions(scope)
        if wanted == "str":
            return " || ".join(parts)
        if wanted not in NUMBERS:
            return self.leaf(wanted, scope)
        text = parts[0]
        for part in parts[1:]:
            operator = self.chance.choice(("+", "-", "*", "%", "//") if wanted == "int" else ("+", "-"))
            text += f" {operator} {part if operator in '+-*' else self.chance.choice('234')}"
        return text

    def _conditions(self, scope: Scope) -> str:
        shapes = (
            "{0} + {1} < {2} * 2",
            "{0} = {1} - {2}",
            "not {0} = {1}",
            "not {0} in ({1}, {2})",
            "{0} % 3 + 1 between {1} and {2} + 5",
            "- {0} < {1}",
            "{0} is null",
            "not {0} is not null",
            "{0} * 2 - 1 >= {1} // 2",
        )
        parts = []
        for _ in range(self.chance.randint(2, 4)):
            operands = [self.leaf("int", scope) for _ in range(3)]
            parts.append(self.chance.choice(shapes).format(*operands))
        text = parts[0]
        for part in parts[1:]:
            text += f" {self.chance.choice(('and', 'or'))} {part}"
        return text
