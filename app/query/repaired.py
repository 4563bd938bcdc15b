"""What does a repair change in what runs? Query + rule + repair → the query, views and rule that are planned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from app.domain.errors import Finding, Refusal
from app.domain.proofs import Analysis
from app.domain.repairs import Coding, Noise, Recoding, Repair
from app.domain.rules import LevelRule
from app.domain.values import Dataset
from app.query.coding import code
from app.query.contributions import COUNTS
from app.query.evidence import Prefix
from app.query.govern import Governed
from app.query.merging import Steps, merge
from app.query.parse import position


@dataclass(frozen=True, kw_only=True)
class Repaired:
    """What is planned: the query, the rule, and the data sets as their views show them.

    `steps` come before those of the frontier with their number; `exports` tell a report what was done.
    """

    governed: Governed
    rule: LevelRule
    datasets: tuple[Dataset, ...]
    noise: Noise | None = None
    steps: Mapping[int, Steps] = field(default_factory=dict)
    exports: tuple[tuple[str, str], ...] = ()
    recodings: tuple[Recoding, ...] = ()
    codings: tuple[Coding, ...] = ()


def repaired(
    analysis: Analysis,
    governed: Governed,
    rule: LevelRule,
    repair: Repair | None,
    prefix_of: Callable[[Governed], Prefix],
) -> Repaired:
    """The query with a `repair` (any but noise of differential privacy), or as it is.

    Of the bases of the rule and of a repair by rounding, the larger holds. Noise by cell key is for counts:
    Refusal("noise-not-for") names every other measure with its place. Raises what `merge` and `code` raise.
    """
    plain = Repaired(governed=governed, rule=rule, datasets=analysis.datasets)
    if repair is None:
        return plain
    if repair.base is not None:
        return replace(plain, rule=replace(rule, rounding_base=max(repair.base, rule.rounding_base or 0)))
    if repair.noise is not None:
        _refuse_without_noise(governed, analysis.sql)
        return replace(plain, noise=repair.noise)
    if repair.passing is not None:
        prefix = prefix_of(governed)
        found = merge(governed, rule.contributors, repair.passing, prefix, analysis.datasets, analysis.sql)
        recoded = {"steps": found.steps, "exports": found.exports, "recodings": found.recodings}
        return replace(plain, governed=found.governed, **recoded)  # type: ignore[arg-type]  # of the fields' own types
    if repair.share is not None:
        coded = code(analysis, governed.frontiers, repair.share, rule.contributors)
        return replace(plain, datasets=coded.datasets, exports=coded.exports, codings=coded.codings)
    return plain


def _refuse_without_noise(governed: Governed, sql: str) -> None:
    """The method perturbs counts; other numbers would leave as exact as before."""
    wrong = [
        Finding(code="noise-not-for", params=(("function", m.function),), position=position(m.call, sql))
        for f in governed.frontiers
        for m in f.measures
        if m.function not in COUNTS
    ]
    if wrong:
        raise Refusal(*dict.fromkeys(wrong))
