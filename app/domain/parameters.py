"""Which values may a parameter of a template have? Closed types, declared domains, and a value held against them.

Every domain is closed: a range with both ends, or a list of values. So reviewers see all that can be asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from app.domain.errors import Finding, Invalid, Refusal
from app.domain.values import Bilingual

MAX_LISTED = 50
"""Values of one list that a template is looked at with before it is reviewed; the first ones."""
_TOLD = 12
"""Values of a list that a sentence names."""


class ParameterType(StrEnum):
    """What a parameter holds; each name is also what a template's file says."""

    DATE = "date"
    TIMESTAMP = "timestamp"
    INTEGER = "integer"
    DECIMAL = "decimal"
    TEXT = "text"
    BOOLEAN = "boolean"


RANGED = frozenset({ParameterType.DATE, ParameterType.TIMESTAMP, ParameterType.INTEGER, ParameterType.DECIMAL})
"""Types whose domain is a range."""


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """A declared parameter. Values are kept as text of its type, in one spelling.

    `least` and `most`, both included, are the domain of a type of `RANGED`; `values` that of a text; a boolean has
    both truths. `source` names the "dataset.field" whose declared values a text takes.
    """

    name: str
    type: ParameterType
    title: Bilingual
    least: str | None = None
    most: str | None = None
    values: tuple[str, ...] = ()
    source: str | None = None
    default: str | None = None

    def allowed(self) -> str:
        """The domain in a few words that both languages share: "2025-01-01 … 2025-12-31", "day, night"."""
        if self.type in RANGED:
            return f"{self.least} … {self.most}"
        listed = self.listed()
        return ", ".join(listed[:_TOLD]) + (f", … ({len(listed)})" if len(listed) > _TOLD else "")

    def listed(self) -> tuple[str, ...]:
        """The values of a domain that is a list; none of a range."""
        return ("true", "false") if self.type is ParameterType.BOOLEAN else self.values

    def to_json(self) -> dict[str, Any]:
        """The parameter as plain data that `parameter_from_json` reads back."""
        return {
            "name": self.name,
            "type": self.type.value,
            "title": {"zh": self.title.zh, "en": self.title.en},
            "least": self.least,
            "most": self.most,
            "values": list(self.values),
            "source": self.source,
            "default": self.default,
        }


def parameter_from_json(kept: Mapping[str, Any]) -> Parameter:
    """The parameter that `Parameter.to_json` wrote; KeyError, TypeError or ValueError for anything else."""
    return Parameter(
        **{
            **kept,
            "type": ParameterType(kept["type"]),
            "title": Bilingual(**kept["title"]),
            "values": tuple(kept["values"]),
        }
    )


@dataclass(frozen=True, kw_only=True)
class Value:
    """The value of one parameter, as text of its type in the spelling that `read` gives."""

    name: str
    type: ParameterType
    text: str


Values = tuple[Value, ...]
"""One value for every parameter of a template, in the order of their declaration."""


@dataclass(frozen=True, kw_only=True)
class Read:
    """A value of some type: its one spelling, and what it is compared by with others of its type."""

    text: str
    order: Any


def read(kind: ParameterType, text: str) -> Read | None:
    """`text` as a value of a type; None when it is none. Digits are those of ASCII, years have four."""
    try:
        return _READERS[kind](text)
    except ValueError:
        return None


_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?")
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,18})?")
_WHOLE = range(-(2**63), 2**63)
SHAPES: dict[ParameterType, str] = {
    ParameterType.DATE: "2026-01-31",
    ParameterType.TIMESTAMP: "2026-01-31 08:30:00",
    ParameterType.INTEGER: "-12",
    ParameterType.DECIMAL: "0.25",
    ParameterType.TEXT: "A1",
    ParameterType.BOOLEAN: "true / false",
}
"""How a value of each type is written, by example."""


def _date(text: str) -> Read | None:
    return Read(text=text, order=date.fromisoformat(text)) if _DATE.fullmatch(text) else None


def _timestamp(text: str) -> Read | None:
    if not _TIMESTAMP.fullmatch(text):
        return None
    moment = datetime.fromisoformat(text)
    return Read(text=str(moment), order=moment)


def _integer(text: str) -> Read | None:
    if not _INTEGER.fullmatch(text) or int(text) not in _WHOLE:
        return None
    return Read(text=str(int(text)), order=int(text))


def _decimal(text: str) -> Read | None:
    if not _DECIMAL.fullmatch(text):
        return None
    number = Decimal(text)
    return Read(text=format(number or abs(number), "f"), order=number)


def _text(text: str) -> Read | None:
    return Read(text=text, order=text) if text.isprintable() else None


def _boolean(text: str) -> Read | None:
    return Read(text=text, order=text) if text in ("true", "false") else None


_READERS: dict[ParameterType, Callable[[str], Read | None]] = {
    ParameterType.DATE: _date,
    ParameterType.TIMESTAMP: _timestamp,
    ParameterType.INTEGER: _integer,
    ParameterType.DECIMAL: _decimal,
    ParameterType.TEXT: _text,
    ParameterType.BOOLEAN: _boolean,
}


def bind(parameters: Sequence[Parameter], given: Mapping[str, str]) -> Values:
    """A value for every parameter: the one that is given, else its default.

    Raises Invalid "parameter-unknown", "parameter-missing", "parameter-value-malformed" with every mistake; Refusal
    "parameter-value-outside" when all are of their types and some are outside their domains.
    """
    known = {p.name for p in parameters}
    names = ", ".join(p.name for p in parameters) or "-"
    wrong = [
        Finding(code="parameter-unknown", params=(("name", name), ("known", names)))
        for name in given
        if name not in known
    ]
    outside: list[Finding] = []
    values = []
    for parameter in parameters:
        text = given.get(parameter.name, parameter.default)
        found = None if text is None else read(parameter.type, text)
        if found is None:
            code = "parameter-missing" if text is None else "parameter-value-malformed"
            wrong.append(_finding(code, parameter))
        elif not within(parameter, found):
            outside.append(_finding("parameter-value-outside", parameter))
        else:
            values.append(Value(name=parameter.name, type=parameter.type, text=found.text))
    if wrong:
        raise Invalid(*wrong, *outside)
    if outside:
        raise Refusal(*outside)
    return tuple(values)


def within(parameter: Parameter, found: Read) -> bool:
    """Whether a value is in the domain of a parameter; an end that is missing or no value lets nothing in."""
    if parameter.type not in RANGED:
        return found.text in parameter.listed()
    least, most = (read(parameter.type, end or "") for end in (parameter.least, parameter.most))
    return least is not None and most is not None and bool(least.order <= found.order <= most.order)


def representatives(parameters: Sequence[Parameter]) -> tuple[Values, ...]:
    """The values that a template is looked at with: all first ones, all last ones, and each listed value in turn.

    First and last are the ends of a range. The other parameters stay at their first value meanwhile.
    """
    choices = {p.name: _choices(p) for p in parameters}
    first = {name: texts[0] for name, texts in choices.items()}
    last = {name: texts[-1] for name, texts in choices.items()}
    defaults = {p.name: p.default for p in parameters if p.default is not None}
    wanted = [first, last, {**first, **defaults}]
    wanted += [{**first, name: text} for name, texts in choices.items() for text in texts]
    unique = {tuple(sorted(w.items())): w for w in wanted}
    return tuple(bind(parameters, w) for w in unique.values())


def _choices(parameter: Parameter) -> tuple[str, ...]:
    if parameter.type in RANGED:
        return (parameter.least or "", parameter.most or "")
    return parameter.listed()[:MAX_LISTED]


def _finding(code: str, parameter: Parameter) -> Finding:
    params = (
        ("name", parameter.name),
        ("type", parameter.type.value),
        ("shape", next(iter(parameter.listed()), SHAPES[parameter.type])),
        ("allowed", parameter.allowed()),
    )
    return Finding(code=code, params=params)
