"""Who works in a soak, and which processes are there? Starts workers, finds their processes, and kills at random."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from tests.architecture.source import ROOT
from tests.stress.soak_places import Places

STEADY, BEREAVED, MORTAL = "steady", "bereaved", "mortal"
"""A worker that nobody kills, nor its zygote; one whose zygote is killed; one that is killed itself. Their children
are killed alike."""
_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE = 30.0


@dataclass(frozen=True, kw_only=True)
class Process:
    """A process of the soak; `started` in seconds since the machine was."""

    pid: int
    parent: int
    state: str
    started: float


@dataclass(frozen=True, kw_only=True)
class Hit:
    """A run that was killed."""

    job: str
    fence: int


def process(pid: int) -> Process | None:
    """The process `pid`, if it is there."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    facts = text[text.rindex(")") + 2 :].split()
    return Process(pid=pid, state=facts[0], parent=int(facts[1]), started=int(facts[19]) / _TICKS)


def processes(places: Places) -> dict[int, Process]:
    """Every process whose command line names the soak: workers, zygotes, and what zygotes forked."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with suppress(OSError):
            mine = os.fsencode(places.base) in (entry / "cmdline").read_bytes()
            if mine and (one := process(int(entry.name))) is not None:
                found[one.pid] = one
    return found


@dataclass(kw_only=True)
class Crew:
    """The workers of a soak. `hits` are the runs that were killed, `killed` how many of what, `zygotes` all seen."""

    places: Places
    random: Random
    lease: int
    workers: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    hits: set[Hit] = field(default_factory=set)
    killed: Counter[str] = field(default_factory=Counter)
    zygotes: set[int] = field(default_factory=set)

    def start(self, *names: str) -> None:
        """Start workers and wait until each is ready."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(self.places.temporary)}
        with self.places.log.open("ab") as log:
            for name in names:
                self.workers[name] = subprocess.Popen(
                    [sys.executable, "-m", "tests.stress.soak_worker", str(self.places.base), name, str(self.lease)],
                    stdout=subprocess.PIPE,
                    stderr=log,
                    env=environment,
                    cwd=ROOT,
                )
        for name in names:
            stream = self.workers[name].stdout
            assert stream is not None
            assert stream.readline() == b"ready\n", f"worker {name} did not start"
            stream.close()
        self._meet_zygotes()

    def revive(self) -> None:
        """Start dead workers again. Only those may be dead that were killed."""
        for name, worker in list(self.workers.items()):
            if worker.poll() is not None:
                assert (name, worker.returncode) == (MORTAL, -signal.SIGKILL), f"worker {name}: {worker.returncode}"
                self.start(name)

    def stop(self) -> None:
        """Let every worker end as a service manager would."""
        for worker in self.workers.values():
            worker.terminate()
        for name, worker in self.workers.items():
            assert worker.wait(timeout=_PATIENCE) == 0, f"worker {name} did not end well"

    def kill_all(self) -> None:
        """End what is left, whatever state it is in."""
        for worker in self.workers.values():
            worker.kill()
            worker.wait()

    def zygote_of(self, name: str) -> int | None:
        """The zygote of a worker."""
        family = processes(self.places)
        return next((p.pid for p in family.values() if p.parent == self.workers[name].pid), None)

    # -- killing

    def kill(self, what: str) -> None:
        """Kill one of `KILLS` in the next moment in which there is one."""
        time.sleep(self.random.random() * 0.2)
        deadline = time.monotonic() + _PATIENCE
        while not KILLS[what](self):
            assert time.monotonic() < deadline, f"there was no {what} to kill"
            time.sleep(0.002)
        self.killed[what] += 1

    def _kill_child(self) -> bool:
        family = processes(self.places)
        zygotes = self._meet_zygotes(family)
        children = [p for p in family.values() if p.parent in zygotes]
        if not children:
            return False
        victim = self.random.choice(children)
        with _handle(victim.pid) as handle:
            hit = None if handle is None else self._run_of(victim.pid)
            if hit is None or handle is None:
                return False
            self.hits.add(hit)
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
        return True

    def _kill_zygote(self) -> bool:
        zygote = self.zygote_of(self.random.choice([BEREAVED, MORTAL]))
        if zygote is None:
            return False
        os.kill(zygote, signal.SIGKILL)  # a child of a worker that reaps only what it has itself waited for
        return True

    def _kill_worker(self) -> bool:
        worker = self.workers[MORTAL]
        if worker.poll() is not None:
            return False
        worker.kill()
        worker.wait()
        return True

    def _kill_family(self) -> bool:
        zygote = self.zygote_of(MORTAL)
        if zygote is None or not self._kill_worker():
            return False
        with suppress(ProcessLookupError):
            os.kill(zygote, signal.SIGKILL)
        return True

    def _meet_zygotes(self, family: dict[int, Process] | None = None) -> set[int]:
        workers = {worker.pid for worker in self.workers.values()}
        found = {p.pid for p in (family or processes(self.places)).values() if p.parent in workers}
        self.zygotes |= found
        return found

    def _run_of(self, pid: int) -> Hit | None:
        """Whose run a process is, as it noted itself; None when it has not yet done so."""
        try:
            _, noted, scratch = self.places.notes.joinpath(str(pid)).read_text(encoding="utf-8").split(" ", 2)
        except (OSError, ValueError):
            return None
        now = process(pid)
        if now is None or float(noted) < now.started:  # the note of an earlier process with this number
            return None
        job, fence = Path(scratch).parts[-2:]
        return Hit(job=job, fence=int(fence))


KILLS = {
    "child": Crew._kill_child,
    "zygote": Crew._kill_zygote,
    "worker": Crew._kill_worker,
    "worker and zygote": Crew._kill_family,
}
SHARES = {"child": 10, "zygote": 4, "worker": 3, "worker and zygote": 1}
"""Of so many kills, how many are of what."""


@contextmanager
def _handle(pid: int) -> Iterator[int | None]:
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        yield None
        return
    try:
        yield handle
    finally:
        os.close(handle)
