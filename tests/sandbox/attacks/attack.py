"""What is an attack? How it is made, which walls stop it each by itself, and how one sees that it got through.

Every attack is tried in up to three ways, by `test_attacks.py`:

- behind all walls: it ends with a clean code, and nothing leaked, changed, connected or stayed;
- behind each of its walls alone, the others of them being taken for fooled already: that wall stops it by itself;
- behind none of its walls: it gets through, so that it is those walls and nothing else that stop it.

So an attack with one wall shows that this wall is needed, and an attack with several that each of them is enough. An
attack without a wall is stopped by what no test can switch off, or hurts nobody but itself.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

from sandbox import landlock
from sandbox.confine import LANDLOCK
from sandbox.protocol import Limits

if TYPE_CHECKING:
    from tests.sandbox.attacks.aftermath import Aftermath

ROOT = os.geteuid() == 0
MARK = "4f1c-secret-of-another"
"""The text that no attack may get to see."""
REFUSED, FAILED, DIED, DONE = "guard-refused", "engine-error", "child-died", "done"
SMALL = Limits(wall_seconds=60, cpu_seconds=20, memory_bytes=256 << 20, threads=2, scratch_bytes=64 << 20)


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What lies around an attack. In the texts of SQL attacks, <source> and the other names stand for these.

    `source` is the file of the plan's view v(i, g, s), which has a column h that the view does not show, and rows with
    g = 6 that the view w(i, g, s) hides. `other` is a file beside it, `secret` one that its owner alone may read.
    `database` is a database file, `outside` an empty folder where everyone may write, `table` a good result as base64.
    `port` (TCP), `datagrams` (UDP), `socket` (a path) and `abstract` lead to a listener. `victim` is another process.
    `shared` is the key of shared memory that is not there.
    """

    scratch: str
    source: str
    other: str
    secret: str
    database: str
    outside: str
    table: str
    socket: str
    abstract: str
    port: int
    datagrams: int
    shared: int
    victim: int
    zygote: int

    def text(self) -> str:
        """The ground as it is told to a native attack."""
        return json.dumps(asdict(self))

    def put_in(self, sql: str) -> str:
        """The text with what its names in angle brackets stand for."""
        for name, value in asdict(self).items():
            sql = sql.replace(f"<{name}>", str(value))
        return sql


@dataclass(frozen=True, kw_only=True)
class Sql:
    """The texts of a plan: `steps` are run before the export `sql`. The plan lists `functions` besides those of all."""

    sql: str = "SELECT 1 AS x"
    steps: tuple[str, ...] = ()
    functions: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Native:
    """What the process does once its walls stand and the engine has been taken over.

    `act` returns a word, an `Answer` that the process then gives, or whatever else, which is "done". What it raises is
    a word as well: the name of the error.
    """

    act: Callable[[Ground], object]


@dataclass(frozen=True, kw_only=True)
class Attack:
    """One attempt. `walls` names each wall that stops it by itself, outermost first, with how it ends there.

    Endings are codes of the protocol, "ok", or the words of a native attack; "a|b" means either. `ends` is the ending
    behind all walls, when it is none of those. `through` sees that it got through behind none of its walls.
    `only` says who can try it at all: "root" or "user", with the reason. What would not end without its walls is
    given up after `patience` seconds, as "task-cancelled". `landlock_abi` is that from which on Landlock stops it.
    """

    name: str
    family: str = ""
    how: Sql | Native
    walls: Mapping[str, str] = field(default_factory=dict)
    ends: str = ""
    through: Callable[[Aftermath], bool] | None = None
    limits: Limits = SMALL
    only: tuple[str, str] | None = None
    patience: float | None = None
    landlock_abi: int = 1

    def held_by(self, standing: frozenset[str]) -> frozenset[str]:
        """Those of its walls that stand and are new enough to stop it."""
        held = standing & self.walls.keys()
        return held if landlock.abi() >= self.landlock_abi else held - {LANDLOCK}

    def ending(self, standing: frozenset[str]) -> str:
        """How it must end behind all walls that stand: a text at the first of its walls, what is native at any."""
        endings = [ending for wall, ending in self.walls.items() if wall in self.held_by(standing)]
        return self.ends or (endings[0] if isinstance(self.how, Sql) else "|".join(endings))


def stacked(statement: str) -> str:
    """A text that ends its own statement to begin another one."""
    return f"SELECT 1 AS x); {statement}; SELECT (1"
