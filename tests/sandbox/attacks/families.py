"""Which attacks are there? Every family, by name."""

from __future__ import annotations

from dataclasses import replace

from tests.sandbox.attacks import (
    answers,
    bombs,
    catalogs,
    crashers,
    dynamic,
    engine_state,
    files,
    inheritance,
    modifying,
    network,
    paths,
    processes,
    signals,
    system_calls,
    timing,
)
from tests.sandbox.attacks.attack import Attack

FAMILIES = {
    "catalogs": catalogs.ATTACKS,
    "engine state": engine_state.ATTACKS,
    "dynamic SQL": dynamic.ATTACKS,
    "modifying queries": modifying.ATTACKS,
    "files": files.ATTACKS,
    "paths": paths.ATTACKS,
    "network": network.ATTACKS,
    "processes": processes.ATTACKS,
    "system calls": system_calls.ATTACKS,
    "signals": signals.ATTACKS,
    "inheritance": inheritance.ATTACKS,
    "bombs": bombs.ATTACKS,
    "timing": timing.ATTACKS,
    "crashers": crashers.ATTACKS,
    "answers": answers.ATTACKS,
}
ATTACKS: tuple[Attack, ...] = tuple(replace(a, family=name) for name, family in FAMILIES.items() for a in family)
