"""What can be said? Random expressions over the engine's functions, with arguments of about the right types.

The signatures are the engine's own. Most of what is made is therefore bound and computed, and some is not: a wrong
type, a wrong number of arguments or a wrong constant now and then is meant.
"""

from __future__ import annotations

import random
import re
from collections import defaultdict
from dataclasses import dataclass

import duckdb

from tests.sandbox.fuzz.values import SCALARS, literal

SPOKEN = frozenset(
    {"coalesce", "if", "ifnull", "nullif", "date", "list_transform", "list_filter", "list_reduce"}
) | frozenset(
    {
        "row_number",
        "rank",
        "dense_rank",
        "rank_dense",
        "percent_rank",
        "cume_dist",
        "ntile",
        "lag",
        "lead",
        "first_value",
    }
    | {"last_value", "nth_value"}
)
"""Functions that are written in a way of their own."""
_GENERIC = re.compile(r"ANY|[TKV]|ANY_.*")
_UNMADE = re.compile(
    r"LAMBDA|VARIANT|GEOMETRY|BIGNUM|UNION|TYPE|TUPLE|POINTER|TIMESTAMPTZ_NS|TIME_NS|\"NULL\"|STRUCT\(.*"
)
_INFIX = re.compile(r"[^\w\s]{1,3}")
_UNITS = ("year", "month", "day", "hour", "microseconds", "decade", "isoyear", "week", "quarter", "century", "dow")
_MISFIT, _HIDDEN, _TRIED, _FITTING, _SHAPED, _CONSTANT = 0.02, 0.3, 0.8, 0.9, 0.2, 0.5


@dataclass(frozen=True, kw_only=True)
class Signature:
    """One way to call a function."""

    name: str
    kind: str
    parameters: tuple[str, ...]
    more: str | None
    returns: str


def signatures(names: frozenset[str]) -> list[Signature]:
    """Every way to call one of the functions of which the arguments can be made."""
    rows = duckdb.execute(
        "SELECT DISTINCT function_name, if(function_type = 'aggregate', 'aggregate', 'scalar'), "
        "if(function_type = 'macro', list_transform(parameters, lambda _, n: "
        "if(n = 1 AND function_name LIKE 'list_%', 'T[]', 'T')), parameter_types), "
        "varargs, return_type FROM duckdb_functions() "
        "WHERE function_type IN ('scalar', 'aggregate', 'macro') ORDER BY ALL"
    ).fetchall()
    found = [
        Signature(name=name, kind=kind, parameters=tuple(parameters), more=more, returns=returns or "ANY")
        for name, kind, parameters, more, returns in rows
        if name in names
    ]
    return [one for one in found if not any(_UNMADE.search(kind) for kind in one.parameters)]


class Speaker:
    """Says random expressions over the columns i (INTEGER), g (INTEGER) and s (VARCHAR)."""

    def __init__(self, names: frozenset[str], seed: int) -> None:
        """The same names and seed say the same."""
        self._chance = random.Random(seed)
        self._signatures = signatures(names)
        by_name: dict[str, list[Signature]] = defaultdict(list)
        self._returning: dict[str, list[Signature]] = defaultdict(list)
        for one in self._signatures:
            by_name[one.name].append(one)
            if one.kind == "scalar":
                self._returning[one.returns].append(one)
        self._scalars = [ways for ways in by_name.values() if ways[0].kind == "scalar"]
        self._aggregates = [ways for ways in by_name.values() if ways[0].kind == "aggregate"]

    def scalar(self) -> str:
        """A call of a scalar function, every function being as likely."""
        return self._call(self._chance.choice(self._chance.choice(self._scalars)), 2)

    def aggregate(self) -> str:
        """A call of an aggregate, now and then over distinct, ordered or some rows only."""
        call = self._call(self._chance.choice(self._chance.choice(self._aggregates)), 1)
        turn = self._chance.random()
        if turn < 0.15:
            return f"{call} FILTER (WHERE {self.of('BOOLEAN', 1)})"
        if turn < 0.3 and "(" in call and not call.endswith("()"):
            return call.replace("(", "(DISTINCT ", 1)
        return call

    def window(self) -> str:
        """A call over rows around each row."""
        chance = self._chance
        if chance.random() < 0.5:
            call = self._call(chance.choice(chance.choice(self._aggregates)), 1)
        else:
            call = chance.choice(
                (
                    f"{chance.choice(('row_number', 'rank', 'dense_rank', 'percent_rank', 'cume_dist'))}()",
                    f"ntile({chance.choice(('1', '3', self.of('BIGINT', 0)))})",
                    f"{chance.choice(('lag', 'lead'))}({self.any(1)}, {chance.choice(('1', self.of('INTEGER', 0)))})",
                    f"nth_value({self.any(1)}, {self.of('BIGINT', 0)})",
                    f"{chance.choice(('first_value', 'last_value'))}({self.any(1)})",
                )
            )
        start = chance.choice(("UNBOUNDED", "0", "2", self.of("BIGINT", 0)))
        unit = chance.choice(("ROWS", "ROWS", "ROWS", "RANGE", "GROUPS"))
        frame = chance.choice(("", f" {unit} BETWEEN {start} PRECEDING AND CURRENT ROW"))
        return f"{call} OVER (PARTITION BY g ORDER BY {chance.choice(('i', 's', self.any(1)))}{frame})"

    def any(self, depth: int) -> str:
        """An expression of any type."""
        return self.of(self._type(), depth)

    def of(self, kind: str, depth: int) -> str:
        """An expression that is about of this type."""
        chance = self._chance
        if chance.random() < _MISFIT:
            kind = self._type()
        ways = self._returning.get(kind, ())
        if depth > 0 and ways and chance.random() < 0.5:
            return self._call(chance.choice(ways), depth - 1)
        made = self._shaped(kind, depth) if depth > 0 and chance.random() < _SHAPED else self._made(kind, depth)
        return f"CASE WHEN i >= 0 THEN {made} END" if chance.random() < _HIDDEN else made

    def _shaped(self, kind: str, depth: int) -> str:
        """An expression of the type in one of the forms that are no calls, or calls of their own kind."""
        one, other, condition = self.of(kind, depth - 1), self.of(kind, depth - 1), self.of("BOOLEAN", depth - 1)
        return self._chance.choice(
            (
                f"COALESCE({one}, {other})",
                f"IFNULL({one}, {other})",
                f"NULLIF({one}, {other})",
                f"IF({condition}, {one}, {other})",
                f"CASE WHEN {condition} THEN {one} ELSE {other} END",
                f"TRY_CAST({self.any(depth - 1)} AS {kind if kind in SCALARS else 'VARCHAR'})",
                f"list_transform([{one}, {other}], lambda x: x)[1]",
                f"list_filter([{one}], lambda x: {condition})[1]",
                f"list_reduce([{one}, {other}], lambda x, y: y)",
                f"[{one}, {other}][{self.of('BIGINT', 0)}]",
                f"{{'a': {one}}}.a",
                f"(SELECT {one} FROM v LIMIT 1)",
            )
        )

    def _made(self, kind: str, depth: int) -> str:
        """A value, a column, or a nested value of its parts."""
        chance = self._chance
        if kind.endswith("]"):
            part, _, size = kind[:-1].rpartition("[")
            count = int(size) if size.isdigit() else chance.choice((0, 1, 2, 3)) if not size else 3
            parts = ", ".join(self.of(part, depth - 1) for _ in range(count))
            return f"[{parts}]" if not size else f"[{parts}]::{part}[{count}]"
        if kind == "STRUCT":
            return f"{{'a': {self.any(depth - 1)}, 'b': {self.any(depth - 1)}}}"
        if kind.startswith("MAP"):
            return f"MAP {{'a': {self.of('INTEGER', 0)}, 'b': {self.of('INTEGER', 0)}}}"
        if kind in ("INTEGER", "BIGINT") and chance.random() < 0.3:
            return chance.choice(("i", "g"))
        if kind == "VARCHAR" and chance.random() < 0.3:
            return "s"
        if kind == "DECIMAL":
            kind = chance.choice(("DECIMAL(4,1)", "DECIMAL(18,3)", "DECIMAL(38,0)", "DECIMAL(38,38)"))
        return literal(chance, kind) if kind in SCALARS else self.any(0)

    def _type(self) -> str:
        turn = self._chance.random()
        if turn < 0.7:
            return self._chance.choice(SCALARS)
        if turn < 0.85:
            return self._chance.choice(SCALARS) + self._chance.choice(("[]", "[]", "[][]", "[3]"))
        return self._chance.choice(("STRUCT", "MAP", "STRUCT[]"))

    def _call(self, one: Signature, depth: int) -> str:
        generic = self._type()
        kinds = list(one.parameters)
        if one.more is not None:
            kinds += [one.more] * self._chance.choice((0, 1, 2))
        if self._chance.random() < _MISFIT and len(kinds) > 1:
            kinds.pop()
        bound = [_bound(kind, generic) for kind in kinds]
        arguments = [self.of(kind, depth) for kind in bound]
        if self._chance.random() < _CONSTANT:  # many functions want all but their first argument to be constants
            arguments[1:] = [self._made(kind, 0) for kind in bound[1:]]
        if kinds[:1] == ["VARCHAR"] and one.name.startswith("date") and self._chance.random() < _FITTING:
            arguments[0] = f"'{self._chance.choice(_UNITS)}'"
        call = _written(one.name, arguments)
        return f"TRY({call})" if one.kind == "scalar" and self._chance.random() < _TRIED else call


def _bound(kind: str, generic: str) -> str:
    """The type of a parameter in whose place any type can stand."""
    head, bracket, tail = kind.partition("[")
    bound = generic if _GENERIC.fullmatch(head) else head
    return bound + bracket + tail.replace("ANY", "3")


def _written(name: str, arguments: list[str]) -> str:
    """The call as it is written: an operator between or before its arguments."""
    if _INFIX.fullmatch(name) and len(arguments) == 2 and "~" not in name[1:]:
        return f"({arguments[0]} {name} {arguments[1]})"
    called = name if re.fullmatch(r"[a-z]\w*", name) else f'"{name}"'
    return f"{called}({', '.join(arguments)})"
