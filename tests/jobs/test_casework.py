"""Does everything that may still leave count for the firewall, as if it had left?"""

from __future__ import annotations

from app.casework import PENDING_STATES
from app.domain.lifecycles import OUTPUT


def test_every_state_from_which_an_output_can_be_released_unchanged_counts_as_pending() -> None:
    reaching, found = {"released"}, set()
    while reaching:
        sources = {t.source for t in OUTPUT.transitions if t.target in reaching and t.source and t.source not in found}
        found |= sources
        reaching = sources
    assert found - {"changes_requested"} == set(PENDING_STATES)
