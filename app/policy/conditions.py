"""When does a rule hold? A closed set of predicates, written as JSON, read by one function; the unknown is refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from typing import Any

from app.domain.errors import Invalid
from app.domain.values import Level

OFFICE_ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")
"""Hours in conditions are office hours of the platform: China Standard Time."""

PRODUCTS = ("model", "verification", "report", "statistics")
"""Kinds of product (数据产品)."""

DENY = "deny"


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a decision depends on beside the field: the time (aware), the purpose, the kind of product.

    `level` is the level of the field asked about; the decision fills it in.
    """

    now: datetime
    purpose: str | None = None
    product: str | None = None
    level: Level | None = None


def _hour(context: Context) -> float:
    local = context.now.astimezone(OFFICE_ZONE)
    return local.hour + local.minute / 60 + local.second / 3600


def _listed(value: str | None, allowed: list[str]) -> bool | None:
    return None if value is None else value in allowed


_PREDICATES: Mapping[str, Callable[[Context, Any], bool | None]] = {
    "before": lambda context, value: context.now < datetime.fromisoformat(value),
    "from": lambda context, value: context.now >= datetime.fromisoformat(value),
    "hours": lambda context, value: value[0] <= _hour(context) < value[1],
    "purpose": lambda context, value: _listed(context.purpose, value),
    "product": lambda context, value: _listed(context.product, value),
    "level": lambda context, value: _listed(context.level, value),
}
"""Predicate → whether it holds; None when the context does not say."""


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_span(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) == 2
        and all(type(v) is int for v in value)
        and 0 <= value[0] < value[1] <= 24
    )


def _is_list(value: object, allowed: tuple[str, ...] | None = None) -> bool:
    if not isinstance(value, list) or not value:
        return False
    return all(isinstance(v, str) and v and (allowed is None or v in allowed) for v in value)


ALLOWED: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    "before": ('a time with its zone, "2027-01-01T00:00:00+08:00"', _is_time),
    "from": ('a time with its zone, "2026-01-01T00:00:00+08:00"', _is_time),
    "hours": ("[from, to) in whole hours of the day, China Standard Time: [8, 20]", _is_span),
    "purpose": ('a list of purposes: ["statistics"]', _is_list),
    "product": (f"a list of {', '.join(PRODUCTS)}", lambda value: _is_list(value, PRODUCTS)),
    "level": ("a list of L1, L2, L3, L4", lambda value: _is_list(value, tuple(Level))),
}
"""Predicate → what its value looks like, and the check."""


def canonical(text: str, place: str) -> str:
    """The condition `text` in canonical form, "" for none.

    Raises Invalid("policy-rule-value") naming `place` when it is no JSON object of known predicates.
    """
    if not text.strip():
        return ""
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise _wrong(place, text, "a JSON object of predicates")
    for name, value in found.items():
        if name not in ALLOWED:
            raise _wrong(place, name, ", ".join(ALLOWED))
        shape, check = ALLOWED[name]
        if not check(value):
            raise _wrong(place, f"{name}: {json.dumps(value, ensure_ascii=False)}", shape)
    return json.dumps(found, ensure_ascii=False, sort_keys=True, separators=(",", ":")) if found else ""


@lru_cache(maxsize=65536)
def _predicates(condition: str) -> tuple[tuple[str, Any], ...]:
    return tuple(json.loads(condition).items()) if condition else ()


def holds(condition: str, effect: str, context: Context) -> bool:
    """Whether every predicate of a canonical `condition` holds.

    Where the context does not say, a deny holds and an allow does not.
    """
    return not failing(condition, effect, context)


def failing(condition: str, effect: str, context: Context) -> tuple[tuple[str, Any], ...]:
    """The predicates of a canonical `condition`, with their values, that do not hold."""
    return tuple(
        (name, value)
        for name, value in _predicates(condition)
        if (found := _PREDICATES[name](context, value)) is False or (found is None and effect != DENY)
    )


def turns(condition: str, after: datetime) -> frozenset[datetime]:
    """The coming moments at which a canonical `condition` begins or ceases to hold: of hours, the next of each."""
    found: set[datetime] = set()
    for name, value in _predicates(condition):
        if name in {"from", "before"}:
            found.add(datetime.fromisoformat(value))
        elif name == "hours":
            found |= {_next(hour, after) for hour in value}
    return frozenset(moment for moment in found if moment > after)


def _next(hour: int, after: datetime) -> datetime:
    """The next full `hour` of the office's clock after `after`; 24 is midnight."""
    local = after.astimezone(OFFICE_ZONE)
    today = local.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(hours=hour)
    return today if today > local else today + timedelta(days=1)


def _wrong(place: str, value: str, allowed: str) -> Invalid:
    return Invalid("policy-rule-value", place=place, column="condition", value=value, allowed=allowed)
