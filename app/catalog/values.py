"""What does a catalog folder say? Frozen values of `catalog.toml` after every check has passed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from app.domain.values import REFRESHES, Bilingual, DatasetKind, Field, Level


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A public body that owns catalog entries (数据提供单位); `uscc` is empty when it was not given."""

    code: str
    uscc: str
    name: Bilingual


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A data set as its provider describes it (目录条目), not yet mounted.

    `fields` carry the types of the source columns; `file` is absolute, and None for an enterprise table; `rows` None
    means that the number of rows is not declared. Metadata that was not given is empty or None.
    """

    name: str
    code: str
    title: Bilingual
    summary: Bilingual
    provider: str
    kind: DatasetKind
    file: Path | None
    format: str
    rows: int | None
    update_cycle: str
    share_type: str
    share_condition: str
    open_type: str
    open_condition: str
    grade: str
    operation_authorized: bool
    publish_date: date | None
    region: str
    time_range: tuple[date, date] | None
    related: tuple[str, ...]
    units: tuple[str, ...]
    fields: tuple[Field, ...]
    keys: tuple[tuple[str, ...], ...] = ()
    products: tuple[tuple[str, ...], ...] = ()
    hierarchies: tuple[tuple[str, ...], ...] = ()
    refresh: str = REFRESHES[0]

    @property
    def needs_row_unit(self) -> bool:
        """Whether each row must be protected as a subject of its own: an L3 or L4 field, and no declared unit."""
        if self.kind is DatasetKind.ENTERPRISE or self.units:
            return False
        return Level.strictest([f.level for f in self.fields]) >= Level.L3


@dataclass(frozen=True, kw_only=True)
class Catalog:
    """One catalog folder: its providers and its entries, in the order of the file."""

    folder: Path
    title: Bilingual
    providers: tuple[Provider, ...]
    entries: tuple[Entry, ...]

    def entry(self, name: str) -> Entry | None:
        """The entry called `name`, compared without case; None when there is none."""
        wanted = name.casefold()
        return next((e for e in self.entries if e.name.casefold() == wanted), None)

    @property
    def public(self) -> tuple[Entry, ...]:
        """The entries with a file of their own."""
        return tuple(e for e in self.entries if e.kind is DatasetKind.PUBLIC)
