"""Prints what has been tried, by family and by wall, and which walls stand here for this user."""

from __future__ import annotations

from tests.sandbox.attacks.attack import ROOT
from tests.sandbox.attacks.families import ATTACKS, FAMILIES
from tests.sandbox.attacks.stage import Stage
from tests.sandbox.attacks.walls import NEVER_ALONE, WALLS, stopped_by

stage = Stage()
standing, absent = stage.walls()
stage.close()
print(f"{len(ATTACKS)} attacks, as {'root' if ROOT else 'an ordinary user'}\n")
for name, family in FAMILIES.items():
    print(f"{name:20}{len(family):5}")
print(f"\n{'wall':20}{'stops':>6}{'alone':>6}  here")
for wall in WALLS:
    stopped, alone = stopped_by(ATTACKS, wall)
    here = "stands" if wall in standing else absent.get(wall, "stands with the engine")
    print(f"{wall:20}{len(stopped):6}{len(alone):6}  {here}")
for attack in ATTACKS:
    if attack.only is not None:
        print(f"\n{attack.family}: {attack.name}: for {attack.only[0]} only: {attack.only[1]}")
print()
for wall, why in NEVER_ALONE.items():
    print(f"{wall} is never the only one: {why}")
