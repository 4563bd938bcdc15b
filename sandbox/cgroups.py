"""How much memory and how many threads may one task come to, all in all? A control group of its own per task.

The zygote makes a group below its own where this machine lets it (as root, or where a service manager delegates), and
each task a group below that. Version 1 has one tree per controller, version 2 one tree for all. The share of processor
time is the same for every task, and the half of what programs outside get.
Source: https://docs.kernel.org/admin-guide/cgroup-v2.html and cgroup-v1/.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_PREFIX = "sluice-"
_CONTROLLERS = ("memory", "pids", "cpu")
_REMOVE_TRIES, _DYING_TRIES, _REMOVE_SECONDS = 20, 500, 0.002


@dataclass(frozen=True, kw_only=True)
class Tree:
    """One mounted tree of groups: the folder of our own group in it, and the controllers that it has."""

    own: Path
    controllers: frozenset[str]
    version: int


@dataclass(frozen=True, kw_only=True)
class Groups:
    """The groups of one zygote: a folder per tree, below which each task gets a group of its own."""

    bases: tuple[tuple[Path, Tree], ...]

    def enter(self, name: str, memory_bytes: int, processes: int) -> None:
        """Make the group `name`, limit it, and move this process into it. Raises OSError."""
        for base, tree in self.bases:
            group = base / name
            group.mkdir()
            for file, value in _limits(tree, memory_bytes, processes):
                (group / file).write_text(str(value), encoding="ascii")
            # "tasks" moves one thread without the lock that makes version 2 wait some 15 ms for the other processors.
            (group / ("tasks" if tree.version == 1 else "cgroup.procs")).write_text("0", encoding="ascii")

    def leave(self, name: str) -> bool:
        """Remove the group `name`, whose process has ended; whether it was killed for want of memory."""
        starved = any(_starved(base / name) for base, _ in self.bases)
        for base, _ in self.bases:
            _remove(base / name)
        return starved

    def close(self) -> None:
        """Remove everything that `open_groups` made."""
        for base, _ in self.bases:
            _remove_all(base)


def open_groups(trees: Iterable[Tree] | None = None) -> Groups:
    """Make the groups of this process, and remove those of others that have died.

    Raises OSError where no tree lets us limit memory and processes.
    """
    bases = []
    missing = {"memory", "pids"}
    for tree in own_trees() if trees is None else trees:
        base = tree.own / f"{_PREFIX}{os.getpid()}"
        _sweep(tree.own)
        try:
            base.mkdir()
            _prepare(base, tree)
        except OSError:
            _remove(base)
            continue
        bases.append((base, tree))
        missing -= tree.controllers
    groups = Groups(bases=tuple(bases))
    if missing:
        groups.close()
        raise PermissionError(f"no control groups for {', '.join(sorted(missing))}")
    return groups


def remove_groups(process: int) -> None:
    """Remove what `open_groups` made in the process `process`, which has ended; its children may still be dying."""
    for tree in own_trees():
        _remove_all(tree.own / f"{_PREFIX}{process}", _DYING_TRIES)


def own_trees() -> list[Tree]:
    """The trees of this machine that have one of our controllers, with the place of this process in them."""
    mounts = [line.split(" - ") for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()]
    found = []
    for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
        _, named, path = line.split(":", 2)
        for left, right in mounts:
            kind, _, options = right.split(" ")[:3]
            tree = _tree(left.split(" ")[3:5], kind, options.split(","), named, path)
            if tree is not None:
                found.append(tree)
                break
    return found


def _tree(place: list[str], kind: str, options: list[str], named: str, path: str) -> Tree | None:
    """The tree of a mount, if it is the one that a line of /proc/self/cgroup means."""
    root, mounted = place
    own = Path(mounted, os.path.relpath(path, root)) if path.startswith(root) else Path(mounted)
    if kind == "cgroup2" and named == "":
        with suppress(OSError):
            offered = (own / "cgroup.controllers").read_text(encoding="ascii").split()
            return _useful(own, offered, 2)
    if kind == "cgroup" and named and set(named.split(",")) <= set(options):
        return _useful(own, named.split(","), 1)
    return None


def _useful(own: Path, controllers: Iterable[str], version: int) -> Tree | None:
    ours = frozenset(controllers) & frozenset(_CONTROLLERS)
    return Tree(own=own, controllers=ours, version=version) if ours else None


def _prepare(base: Path, tree: Tree) -> None:
    """Make a fresh base fit to hold groups with limits. Raises OSError."""
    if tree.version == 1:
        if "cpu" in tree.controllers:
            (base / "cpu.shares").write_text("512", encoding="ascii")
        return
    wanted = " ".join(f"+{controller}" for controller in sorted(tree.controllers))
    with suppress(OSError):  # the service manager may have done so; where there are processes, only it can
        (tree.own / "cgroup.subtree_control").write_text(wanted, encoding="ascii")
    (base / "cgroup.subtree_control").write_text(wanted, encoding="ascii")
    if "cpu" in tree.controllers:
        (base / "cpu.weight").write_text("50", encoding="ascii")


def _limits(tree: Tree, memory_bytes: int, processes: int) -> list[tuple[str, int]]:
    """File → value of the limits of one task."""
    limits = []
    if "memory" in tree.controllers:
        limits += [("memory.limit_in_bytes", memory_bytes)] if tree.version == 1 else [("memory.max", memory_bytes)]
        if tree.version == 2:
            limits += [("memory.swap.max", 0), ("memory.oom.group", 1)]
    if "pids" in tree.controllers:
        limits.append(("pids.max", processes))
    return limits


def _starved(group: Path) -> bool:
    """Whether the kernel killed in this group because its memory was used up."""
    for file in ("memory.events", "memory.oom_control"):
        with suppress(OSError):
            lines = (group / file).read_text(encoding="ascii").splitlines()
            return any(line.startswith("oom_kill ") and line != "oom_kill 0" for line in lines)
    return False


def _remove(group: Path, tries: int = _REMOVE_TRIES) -> None:
    """Remove a group; the kernel may take a moment to let go of its last process."""
    for _ in range(tries):
        try:
            group.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            time.sleep(_REMOVE_SECONDS)
        else:
            return


def _remove_all(base: Path, tries: int = _REMOVE_TRIES) -> None:
    with suppress(OSError):
        for group in base.iterdir():
            if group.is_dir():
                _remove(group, tries)
    _remove(base)


def _sweep(own: Path) -> None:
    """Remove the groups of zygotes that are not there any more."""
    with suppress(OSError):
        for left in own.glob(f"{_PREFIX}*"):
            if not Path("/proc", left.name.removeprefix(_PREFIX)).exists():
                _remove_all(left)
