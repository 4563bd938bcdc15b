"""What may be asked of a new version of a data set, after something of the last one was released?

A person who enters between two versions is the difference of two numbers that are the same otherwise. The firewall
holds every output against what was released of any version, because a unit's tag is the same in all of them; that is
all that "zero-or-k" needs: a cell leaves again when none of its units changed, or k and more. "frozen": an
authorization goes on with the version that it began with until that is renewed, so it has no two versions to compare.
"cell-key": beside the firewall, counts carry noise that is another one as soon as a unit enters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from app.domain.errors import Finding
from app.domain.values import REFRESHES, Dataset

FROZEN, ZERO_OR_K, CELL_KEY = REFRESHES


def refresh_findings(datasets: Iterable[Dataset], repair: str | None, held: Mapping[str, str]) -> list[Finding]:
    """Why protected data sets may not be read: another version than in `held` (data set → version), or no noise."""
    findings = []
    for dataset in datasets:
        began = held.get(dataset.name, dataset.version)
        if dataset.protected and dataset.refresh == FROZEN and dataset.version != began:
            params = (("began", began[:12]), ("version", dataset.version[:12]))
            findings.append(Finding(code="refresh-frozen", params=params, dataset=dataset.name))
        if dataset.protected and dataset.refresh == CELL_KEY and repair != CELL_KEY:
            findings.append(Finding(code="refresh-needs-noise", dataset=dataset.name))
    return findings
