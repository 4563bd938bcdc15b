"""What does a soak leave behind? Counts processes, files, descriptors, memory, control groups and mounts."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from sandbox.cgroups import own_trees
from tests.stress.soak_crew import BEREAVED, STEADY, Crew, processes
from tests.stress.soak_crew import process as process_of
from tests.stress.taken_over import MARK

Figures = Mapping[str, int]
_OUTSIDE = ("/tmp", "/var/tmp", "/dev/shm")


def machine(crew: Crew) -> dict[str, int]:
    """What there is of the soak, and some totals of the machine, which others use as well."""
    places = crew.places
    return {
        "processes of the soak": len(processes(places)),
        "zombies of the soak": _zombies(crew),
        "control groups of the soak": sum(1 for folder in _groups() if _number(folder) in _zygotes(crew)),
        "mounts of the soak": sum(1 for line in _mounts() if str(places.base) in line or " sluice " in line),
        "entries in the temporary folder": len(list(places.temporary.iterdir())),
        "files written outside": len(marks(places.base)),
        "machine: mounts": len(_mounts()),
        "machine: control groups": len(_groups()),
        "machine: networks in use": _networks(),
        "machine: networks in the kernel": _slab("net_namespace"),
        "machine: open files": int(Path("/proc/sys/fs/file-nr").read_text(encoding="ascii").split()[0]),
        "machine: entries in /dev/shm": _entries("/dev/shm"),
        "machine: entries in /tmp": _entries("/tmp"),
    }


def living(crew: Crew) -> dict[str, int]:
    """What the processes hold that live from the start to the end; least of some looks, as they never quite rest."""
    looks = []
    for _ in range(10):
        steady, bereaved = crew.workers[STEADY].pid, crew.workers[BEREAVED].pid
        zygote = crew.zygote_of(STEADY)
        assert zygote is not None
        looks.append(
            {
                "steady worker: descriptors": _descriptors(steady),
                "steady worker: memory KiB": _memory(steady),
                "steady worker: threads": len(list(Path(f"/proc/{steady}/task").iterdir())),
                "steady zygote: descriptors": _descriptors(zygote),
                "steady zygote: memory KiB": _memory(zygote),
                "bereaved worker: descriptors": _descriptors(bereaved),
                "bereaved worker: memory KiB": _memory(bereaved),
            }
        )
        time.sleep(0.05)
    return {name: min(look[name] for look in looks) for name in looks[0]}


def table(columns: Mapping[str, Figures]) -> str:
    """The figures side by side, a column per moment."""
    names = list(dict.fromkeys(name for figures in columns.values() for name in figures))
    width = max(map(len, names))
    lines = [" " * width + "".join(f"{moment:>12}" for moment in columns)]
    for name in names:
        cells = "".join(f"{figures.get(name, '-'):>12}" for figures in columns.values())
        lines.append(f"{name:<{width}}{cells}")
    return "\n".join(lines)


def marks(base: Path) -> list[Path]:
    """Files of a hostile job anywhere outside its scratch."""
    folders = [Path(folder) for folder in _OUTSIDE] + [base, base / "home", base / "home" / "quarantine"]
    found = [entry for folder in folders for entry in folder.glob(f"{MARK}-*")]
    return found + list(base.glob(f"home/quarantine/*/{MARK}-*"))


def _zombies(crew: Crew) -> int:
    noted = {int(note.name) for note in crew.places.notes.iterdir()} | crew.zygotes
    return sum(1 for pid in noted if (found := process_of(pid)) is not None and found.state == "Z")


def _zygotes(crew: Crew) -> set[int]:
    """Every zygote there was, also one that lived too shortly to be seen: its children name it."""
    notes = (note.read_text(encoding="utf-8").split() for note in crew.places.notes.iterdir())
    return crew.zygotes | {int(words[0]) for words in notes if words}  # a process may be killed as it takes its note


def _groups() -> list[Path]:
    found: list[Path] = []
    for tree in own_trees():
        found += tree.own.glob("sluice-*")
    return found


def _number(group: Path) -> int:
    return int(group.name.removeprefix("sluice-"))


def _mounts() -> list[str]:
    return Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()


def _networks() -> int:
    found = set()
    for entry in Path("/proc").glob("[0-9]*/ns/net"):
        with suppress(OSError):
            found.add(entry.readlink())
    return len(found)


def _slab(name: str) -> int:
    with suppress(OSError):
        for line in Path("/proc/slabinfo").read_text(encoding="ascii").splitlines():
            if line.startswith(f"{name} "):
                return int(line.split()[1])
    return -1


def _entries(folder: str) -> int:
    return len(list(Path(folder).iterdir()))


def _descriptors(pid: int) -> int:
    """Open descriptors, those of the control database apart: how many of these there are is up to its pool."""
    count = 0
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            count += not entry.readlink().name.startswith("control.db")
    return count


def _memory(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0
