"""Which walls are there, what do they keep, and which of them has no attack that it stops as the only one? Why not?"""

from __future__ import annotations

from collections.abc import Iterable

from sandbox.confine import (
    ANSWER,
    CGROUP,
    DEADLINE,
    GATE,
    LANDLOCK,
    LIMITS,
    LOCK,
    NAMESPACES,
    OWN_ROOT,
    OWN_USER,
    SECCOMP,
    SECURE_VIEWS,
)
from tests.sandbox.attacks.attack import Attack

FIVE = {
    "the gate": (GATE,),
    "the locked engine": (LOCK, SECURE_VIEWS),
    "the confined child": (LANDLOCK, SECCOMP, NAMESPACES, OWN_ROOT, OWN_USER, LIMITS, CGROUP),
    "the check of answers": (ANSWER,),
    "the deadline": (DEADLINE,),
}
"""The five walls of the design, and the parts that can be switched off one by one."""
WALLS = tuple(wall for parts in FIVE.values() for wall in parts)
NEVER_ALONE = {
    LOCK: "the gate lets no text through that names a file, a setting or a statement",
    SECURE_VIEWS: "the gate lets no text ask for statistics; no error of a hidden row has been found in plain views",
    NAMESPACES: "the filter of system calls ends whoever makes a socket or shared memory",
    LANDLOCK: "the own root shows no other file, and the filter of system calls ends whoever makes links and sockets",
    OWN_USER: "what the user could do to files, processes and limits, other walls stop as well",
    CGROUP: "the limits of the process end before the group's, as long as there is one process",
}
"""Walls behind which others stop every attack that we know: they are tried as the last one standing."""


def stopped_by(attacks: Iterable[Attack], wall: str) -> tuple[list[Attack], list[Attack]]:
    """The attacks that the wall stops, and those among them that it alone stops."""
    stopped = [attack for attack in attacks if wall in attack.walls]
    return stopped, [attack for attack in stopped if len(attack.walls) == 1]
