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
    """One repair: `kind` is one of `REPAIRS`; rounding has a `base`, the cell-key method `noise`, dp its `privacy`."""

    kind: str
    base: int | None = None
    noise: Noise | None = None
    privacy: Privacy | None = None
