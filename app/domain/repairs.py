"""What may be done to a number that leaves, beside suppressing it? The numbers of `policies/repairs.toml`, frozen."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.privacy import Privacy


@dataclass(frozen=True, kw_only=True)
class Noise:
    """Noise by cell key: counts take up to `largest` of it either way, of variance `variance`.

    `thresholds` are the cell keys, in order, at which the noise grows by one (see `app.disclosure.perturbation`).
    """

    largest: int
    variance: float
    thresholds: tuple[int, ...]


@dataclass(frozen=True, kw_only=True)
class Repair:
    """One repair: `kind` is one of `REPAIRS`; rounding has a `base`, the cell-key method `noise`, dp its `privacy`.

    Merging keeps a value of a key when the share `passing` of its rows is in cells with enough contributors; top and
    bottom coding takes for undeclared ends what the `share` of the units reach.
    """

    kind: str
    base: int | None = None
    passing: float | None = None
    share: float | None = None
    noise: Noise | None = None
    privacy: Privacy | None = None


@dataclass(frozen=True, kw_only=True)
class Recoding:
    """The values of a field as keys, merged: `levels` name what they may have become, from level 1; 0 is the value.

    `file` says of each level how many labels and values there are; `cells` are (frontier, place of its key).
    """

    dataset: str
    field: str
    levels: tuple[str, ...]
    file: str
    cells: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Coding:
    """A field that is nowhere below `low` or above `high`: declared ends, or what the `share` of its subjects reach.

    `cells` are (frontier, place of its measure) of the measures over it.
    """

    dataset: str
    field: str
    low: str | None
    high: str | None
    share: float | None
    cells: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class MergedLevel:
    """So many `values` of a merged field are shown as so many `labels` of a level ("=": as they are; "*": the rest)."""

    level: str
    labels: int
    values: int


@dataclass(frozen=True, kw_only=True)
class Merged:
    """What merging did to the values of a field.

    `loss` is the mean over its values of (values with the same label - 1) / (all values - 1), from 0 (nothing was
    merged) to 1 (all are one): the general loss metric (Iyengar 2002), each value counted once.
    """

    dataset: str
    field: str
    levels: tuple[MergedLevel, ...]
    loss: float


@dataclass(frozen=True, kw_only=True)
class CodedEnds:
    """A field that was coded; of `of` subjects so many are at its low and high ends, which only reviewers are told."""

    dataset: str
    field: str
    low: str | None
    high: str | None
    share: float | None
    at_low: int
    at_high: int
    of: int


@dataclass(frozen=True, kw_only=True)
class CellRepair:
    """What was done to one cell: its key of `field` is `members` values merged at `level`, or its measure is coded."""

    kind: str
    field: str
    level: str | None = None
    members: int | None = None
