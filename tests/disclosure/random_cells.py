"""Random tables of rows of units, and what their measures add up: what certificates are held against."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.domain.values import Bilingual, Counted, Dataset, DatasetKind, Field, Level, Unit

FIELDS = {
    "person_id": "UINTEGER",
    "firm_id": "UINTEGER",
    "zone": "INTEGER",
    "amount": "INTEGER",
    "money": "DECIMAL(12,2)",
    "heat": "DOUBLE",
    "flag": "BOOLEAN",
    "code": "INTEGER",
}
UNITS = {"visit": ("person_id",), "job": ("person_id", "firm_id"), "stay": ("person_id",)}
"""Table → its units. What was counted in "stay" is known, and tells much: nobody has more than three rows there, all
amounts are above zero, money is not below."""
Row = dict[str, Any]
Contribution = Callable[[Row], Any]


@dataclass(frozen=True)
class Asked:
    """A measure: what a row adds (None: it does not contribute), and whether single units may dominate it."""

    sql: str
    of: Contribution
    is_sum: bool = False
    cancels: bool = False


def _nonzero(value: Any) -> Any:
    return value or None


MEASURES = [
    Asked("count(*)", lambda _: 1),
    Asked("count(money)", lambda r: 1 if r["money"] is not None else None),
    Asked("count(distinct code)", lambda r: 1 if r["code"] is not None else None),
    Asked("count_if(flag)", lambda r: 1 if r["flag"] else None),
    Asked("sum(amount)", lambda r: _nonzero(r["amount"]), is_sum=True, cancels=True),
    Asked("sum(heat)", lambda r: _nonzero(r["heat"]), is_sum=True, cancels=True),
    Asked("avg(money)", lambda r: _nonzero(r["money"]), is_sum=True),
    Asked("stddev(heat)", lambda r: _nonzero(r["heat"]), is_sum=True),
    Asked("count(*) filter (where amount > 0)", lambda r: 1 if (r["amount"] or 0) > 0 else None),
    Asked("sum(money) filter (where flag)", lambda r: _nonzero(r["money"]) if r["flag"] else None, True, True),
]
"""In the order in which a plan numbers them: those with a FILTER stand deeper in the tree, so they come last."""
SETS = {
    "all": MEASURES,
    "with parts": [m for m in MEASURES if "distinct" not in m.sql and "stddev" not in m.sql],
    "one": MEASURES[4:5],
}


def _row(r: random.Random) -> Row:
    """Zones differ in how many units they have, and in whether one of them has most of it."""
    zone = r.randrange(16)
    person = r.randrange(3 + zone * zone) if r.random() < 0.9 else 7000 + zone
    heavy = person >= 7000 and zone % 3 == 0
    sign = -1 if zone % 4 == 1 and r.random() < 0.5 else 1
    amount = r.choice((None, 0, 1, 10, 10, r.randrange(100))) if not heavy else r.choice((10, 100, 1000))
    return {
        "person_id": None if r.random() < 0.03 else person,
        "firm_id": None if r.random() < 0.03 else r.randrange(2 + 3 * zone),
        "zone": None if zone == 15 else zone,
        "amount": amount if amount is None else sign * amount,
        "money": r.choice((None, Decimal(0), Decimal(sign * (r.randrange(10000) * (50 if heavy else 1))) / 100)),
        "heat": r.choice((None, 0.0, sign * r.lognormvariate(0, 2 if heavy else 0.7))),
        "flag": r.choice((None, True, True, False)),
        "code": r.choice((None, *range(20))),
    }


def rows_of(seed: int, count: int) -> list[Row]:
    """Rows, some of them twice, and in one zone units whose rows cancel."""
    r = random.Random(seed)
    rows = [_row(r) for _ in range(count)]
    rows += [dict(row) for row in r.sample(rows, count // 20)]
    for row in [row for row in rows if row["zone"] == 13]:
        rows.append(row | {n: -row[n] if row[n] is not None else None for n in ("amount", "money", "heat")})
    return rows


def stays(seed: int, rows: list[Row]) -> list[Row]:
    """Rows of which much is known; in some zones are few persons, some three times each, and rows of nobody."""
    r, found, of = random.Random(seed), list[Row](), dict[int, int]()
    for row in rows:
        person = r.randrange(1500) if r.random() < 0.3 else r.randrange(3 + (row["zone"] or 4) ** 2)
        if of.get(person, 0) == 3:
            person = 2000 + len(found)
        of[person] = of.get(person, 0) + 1
        money = None if row["money"] is None else abs(row["money"])
        found.append(row | {"person_id": person, "amount": r.choice((1, 1, 5, 5000)), "money": money})
    some = r.sample(found, 300)
    for zone in range(12):
        people = [90000 + 100 * zone + n for n in range(zone + 1)] * 3 + [None]
        found += [r.choice(some) | {"zone": 20 + zone, "person_id": person} for person in people]
    return found


def counted(name: str, rows: list[Row]) -> Counted:
    """What mounting counts in a column."""
    values = [row[name] for row in rows if row[name] is not None]
    exact = FIELDS[name].startswith(("INT", "DEC"))
    return Counted(
        column=name,
        distinct=len(set(values)),
        nulls=len(rows) - len(values),
        most=max(Counter(values).values()) if name.endswith("_id") else None,
        zeros=sum(v == 0 for v in values) if exact else None,
        negatives=sum(v < 0 for v in values) if exact else None,
    )


def dataset(name: str, rows: list[Row]) -> Dataset:
    """A mounted table with one or two columns of units."""
    return Dataset(
        name=name,
        code="1/01/001/0001",
        kind=DatasetKind.PUBLIC,
        provider="bureau",
        title=Bilingual(zh=name, en=name),
        fields=tuple(
            Field(
                name=n,
                type=t,
                level=Level.L3 if n.endswith("_id") else Level.L2,
                label=Bilingual(zh=n, en=n),
                identifier=n.removesuffix("_id") if n.endswith("_id") else None,
            )
            for n, t in FIELDS.items()
        ),
        units=tuple(Unit(type=c.removesuffix("_id"), column=c, tag=f"__tag_{c}") for c in UNITS[name]),
        version="0" * 64,
        path=f"/vault/{name}",
        rows=len(rows),
        counted=tuple(counted(n, rows) for n in FIELDS) if name == "stay" else (),
    )


def tag_of(value: int | None, seed: str) -> int | None:
    return None if value is None else random.Random(f"{seed}/{value}").getrandbits(64)
