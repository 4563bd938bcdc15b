"""How many independent people must agree before an output may leave?"""

from __future__ import annotations

from app.domain.values import Level


def reviewers_for(level: Level) -> int:
    """Reviewers that an output needs whose strictest source is `level`: two, of two organizations, from L3 on."""
    return 2 if level >= Level.L3 else 1
