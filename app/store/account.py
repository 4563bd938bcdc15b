"""What do all entries come to? The account (一本账): resources, uses, parties, counts, as numbers with their names.

Drawn from the tables, of which `app.store.retelling` shows that the ledger's entries lead to just these states.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, select

from app.domain.authorizations import PRODUCTS
from app.domain.lifecycles import LIFECYCLES
from app.domain.people import OrganizationKind
from app.domain.values import Bilingual, Level
from app.ledger import journal
from app.ledger.tables import ledger_checkpoint, ledger_cosignature
from app.store.tables import (
    STATE_TABLES,
    authorization,
    catalog_entry,
    dataset_version,
    organization,
    person,
    release,
)

IN_FORCE = "active"
"""The state of an authorization under which work may be done."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One number: `key` for machines, `label` for people."""

    key: str
    label: Bilingual
    count: int


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part of the account."""

    key: str
    label: Bilingual
    rows: tuple[Row, ...]

    def to_json(self) -> dict[str, Any]:
        """The part as plain data."""
        rows = [{"key": r.key, "label": asdict(r.label), "count": r.count} for r in self.rows]
        return {"key": self.key, "label": asdict(self.label), "rows": rows}


def account(connection: Connection) -> tuple[Part, ...]:
    """The whole account as it stands; a row of every state and kind, those that count nothing as well."""
    return tuple(Part(key=key, label=_word("part", key), rows=tuple(draw(connection))) for key, draw in _PARTS.items())


def _resources(connection: Connection) -> Iterable[Row]:
    yield from _states(connection, "catalog_entry")
    yield _line("versions", _count(connection, dataset_version))
    yield _line("rows", connection.execute(select(func.coalesce(func.sum(dataset_version.c.rows), 0))).scalar_one())
    fields = _levels(connection.execute(select(catalog_entry.c.metadata)).scalars())
    for level in Level:
        yield _line("fields", fields[level.value], level.value)


def _uses(connection: Connection) -> Iterable[Row]:
    query = select(authorization.c.scope).where(authorization.c.state == IN_FORCE)
    scopes = list(connection.execute(query).scalars())
    yield _line("scenarios", len({s.get("scenario") for s in scopes}))
    products = Counter(name for s in scopes for name in s.get("products", ()))
    for name, label in PRODUCTS.items():
        yield _line("products", products[name], name, label)
    uses = Counter(use for s in scopes for _, _, use in s.get("uses", ()))
    for use in sorted(uses):
        yield _line("field_uses", uses[use], use)
    datasets = Counter(name for s in scopes for name in {dataset for dataset, _, _ in s.get("uses", ())})
    for name in sorted(datasets):
        yield _line("dataset", datasets[name], name)


def _parties(connection: Connection) -> Iterable[Row]:
    for kind in OrganizationKind:
        yield _line(kind.value, _count(connection, organization, organization.c.kind == kind.value))
    yield _line("people", _count(connection, person, person.c.active))


def _counts(connection: Connection) -> Iterable[Row]:
    for name in LIFECYCLES:
        if name != "catalog_entry":
            yield from _states(connection, name)
    yield _line("releases", _count(connection, release))
    yield _line("fetched", _count(connection, release, release.c.fetched_at.is_not(None)))


def _ledger(connection: Connection) -> Iterable[Row]:
    yield _line("entries", journal.size(connection))
    yield _line("checkpoints", _count(connection, ledger_checkpoint))
    witnesses = select(func.count(func.distinct(ledger_cosignature.c.witness)))
    yield _line("witnesses", connection.execute(witnesses).scalar_one())
    newest = select(func.coalesce(func.max(ledger_cosignature.c.size), 0))
    yield _line("witnessed", connection.execute(newest).scalar_one())


_PARTS: dict[str, Callable[[Connection], Iterable[Row]]] = {
    "resources": _resources,
    "uses": _uses,
    "parties": _parties,
    "counts": _counts,
    "ledger": _ledger,
}


def _states(connection: Connection, thing: str) -> Iterable[Row]:
    """A row for every state of a lifecycle."""
    table = STATE_TABLES[thing]
    query = select(table.c.state, func.count()).group_by(table.c.state)
    found = {str(state): int(number) for state, number in connection.execute(query)}
    for state in LIFECYCLES[thing].states:
        label = _filled(_word("thing", thing), state.label)
        yield Row(key=f"{thing}:{state.name}", label=label, count=found.get(state.name, 0))


def _line(key: str, count: int, detail: str = "", label: Bilingual | None = None) -> Row:
    text = _filled(_word("line", key), label or Bilingual(zh=detail, en=detail))
    return Row(key=f"{key}:{detail}" if detail else key, label=text, count=int(count))


def _levels(found: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """How many fields of all descriptions have which level."""
    return Counter(str(field.get("level")) for metadata in found for field in metadata.get("field", ()))


def _count(connection: Connection, table: Table, *where: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one())


def _filled(template: Bilingual, value: Bilingual) -> Bilingual:
    return Bilingual(zh=template.zh.replace("{x}", value.zh), en=template.en.replace("{x}", value.en))


def _word(part: str, key: str) -> Bilingual:
    found = _words()[part][key]
    return Bilingual(zh=found["zh"], en=found["en"])


@cache
def _words() -> dict[str, dict[str, dict[str, str]]]:
    return tomllib.loads(files("app.store").joinpath("account.toml").read_text(encoding="utf-8"))
