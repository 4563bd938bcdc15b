"""What are the things of this field? Frozen values shared by every stage; names follow the field's own terms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

HIDDEN_PREFIX = "__"
"""Names with this prefix belong to Sluice; neither a catalog nor an operator's SQL may use them."""


class Level(StrEnum):
    """Protection level of a field (保护级别); L4 is the strictest, and the strictest wins."""

    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"

    @staticmethod
    def strictest(levels: list[Level] | tuple[Level, ...]) -> Level:
        """The strictest of `levels`; L1 when there is none."""
        return max(levels, default=Level.L1)


class DatasetKind(StrEnum):
    """Who brings the rows: a public body (公共数据) or the operator itself (社会数据)."""

    PUBLIC = "public"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True, kw_only=True)
class Bilingual:
    """A text in Chinese and English."""

    zh: str
    en: str

    def in_language(self, language: str) -> str:
        """The text in `language` ("zh" or "en"); any other code gives English."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, kw_only=True, order=True)
class Position:
    """A place in the operator's SQL: line and column, both counted from 1, in characters."""

    line: int
    column: int


@dataclass(frozen=True, kw_only=True)
class Field:
    """One column of a data set (信息项).

    `type` is the DuckDB type of the values an analysis sees. `identifier` names the registry whose unit references
    replace the raw values ("person", "vehicle", "phone" …), or None for a plain field; an identifier's `type` is
    always UINTEGER once mounted. `values` is the closed set of values that the field may have, `minimum` and
    `maximum` (both included) are its range, all as text of its type; empty and None mean that nothing is declared.
    `missing` is the share of missing values that synthetic rows have. `bands` are levels into which values may be
    merged, the finest first: the lower ends of the bands of a number, or a part of the calendar. Values below
    `bottom_code` or above `top_code` may be coded to it. What is declared is public. Under a `mask`, type, level and
    declarations are those of what the mask leaves.
    """

    name: str
    type: str
    level: Level
    label: Bilingual
    identifier: str | None = None
    share_type: str = "conditional"
    unit_of_measure: str = ""
    description: str = ""
    values: tuple[str, ...] = ()
    minimum: str | None = None
    maximum: str | None = None
    missing: float = 0.0
    mask: FieldMask | None = None
    bands: tuple[tuple[str, ...], ...] = ()
    bottom_code: str | None = None
    top_code: str | None = None


@dataclass(frozen=True, kw_only=True)
class FieldMask:
    """What an authorization sees in place of a field's values (脱敏), by the rule `rule`, which says `text`.

    `kind` and `argument` are those of `sandbox.protocol.Mask`; an argument may be a secret key and is never shown.
    `original` is the field as it is without the mask.
    """

    rule: str
    text: Bilingual
    kind: str
    argument: str = field(repr=False)
    original: Field


@dataclass(frozen=True, kw_only=True)
class RowFilter:
    """Which rows an authorization sees (行过滤), by the rule `rule`, which says `text`.

    `column`, `test` and `values` are those of `sandbox.protocol.Filter`.
    """

    rule: str
    text: Bilingual
    column: str
    test: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Unit:
    """The protected subject (保护主体) of a data set: `type` of subject, and the column that holds its reference.

    `column` is the name of an identifier field, or the hidden row reference that mounting adds to a data set that
    declares no unit although it has an L3 or L4 field. `tag` names the hidden column with the unit's secret tag.
    """

    type: str
    column: str
    tag: str


REFRESHES = ("frozen", "zero-or-k", "cell-key")
"""What a new version of a data set means for what was released of the last one (数据更新); see `app.domain.refresh`."""


@dataclass(frozen=True, kw_only=True)
class Counted:
    """What mounting counted in a column: rows by kind of value. None means that it was not counted.

    `most` are the most rows of one unit, in a column of units. Masks and filters of an authorization are not in here.
    """

    column: str
    distinct: int
    nulls: int
    most: int | None = None
    zeros: int | None = None
    negatives: int | None = None


@dataclass(frozen=True, kw_only=True)
class Dataset:
    """A mounted, immutable version of a catalog entry, as the stages after the catalog see it.

    `version` is the SHA-256 (hex) of the mounted Parquet file, `path` its place in the vault. Only rows that pass every
    one of `filters` are seen. No two rows are alike in all fields of one of `keys`; fields of one of `products` may be
    multiplied with one another in a measure. Fields of one of `hierarchies` go from fine to coarse: each value has one
    value of the next field. `refresh` is one of `REFRESHES`; a `superseded` version is not the newest one.
    `counted` tells about all rows and their values without masks.
    """

    name: str
    code: str
    kind: DatasetKind
    provider: str
    title: Bilingual
    fields: tuple[Field, ...]
    units: tuple[Unit, ...]
    version: str
    path: str
    rows: int
    filters: tuple[RowFilter, ...] = ()
    keys: tuple[tuple[str, ...], ...] = ()
    products: tuple[tuple[str, ...], ...] = ()
    hierarchies: tuple[tuple[str, ...], ...] = ()
    counted: tuple[Counted, ...] = ()
    refresh: str = REFRESHES[0]
    superseded: bool = False

    @property
    def protected(self) -> bool:
        """Whether it is a public body's and has protected subjects."""
        return bool(self.units) and self.kind is DatasetKind.PUBLIC

    def field(self, name: str) -> Field | None:
        """The field called `name`, compared without case as DuckDB does; None when there is none."""
        wanted = name.casefold()
        return next((f for f in self.fields if f.name.casefold() == wanted), None)


USE_KINDS = ("show", "group", "extreme", "filter:eq", "filter:range", "link")
"""Every use of a field except the aggregates; see `docs` of `is_use` for what each means."""

_AGGREGATE_USE = re.compile(r"aggregate:(\*|[a-z_]+)")


def is_use(text: str) -> bool:
    """Whether `text` names a use of a field.

    show: the value leaves row by row. group: it leaves as the label of a checked cell. aggregate:FUNC: input of a
    checked aggregate. extreme: input of min, max, any_value, list … which show single values. filter:eq and
    filter:range: compared, decides which rows count. link: equality between fields, the value itself stays in.
    `aggregate:*` stands for every aggregate in a grant.
    """
    return text in USE_KINDS or _AGGREGATE_USE.fullmatch(text) is not None


REPAIRS = ("merge", "top-bottom", "round", "cell-key", "dp")
"""What may be done to the numbers of an output beside suppressing them, if a policy allows it for the data set."""

_REPAIR_USE = re.compile(rf"repair:(\*|{'|'.join(REPAIRS)})")


def is_repair(text: str) -> bool:
    """Whether `text` names what a policy may allow to be done to a data set's numbers: "repair:KIND" or "repair:*"."""
    return _REPAIR_USE.fullmatch(text) is not None


@dataclass(frozen=True, kw_only=True)
class FieldUse:
    """One use that a query makes of one field, at the place in the SQL where it makes it."""

    dataset: str
    field: str
    use: str
    position: Position | None


class Decision(StrEnum):
    """What happens to an analysis: every check can be computed; people must judge; or we say no."""

    CHECKED = "checked"
    REVIEW = "review"
    REFUSED = "refused"
