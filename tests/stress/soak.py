"""What happens in a soak? Jobs are submitted, workers run them, a driver kills at random until every job has ended."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from sqlalchemy import select

from app.jobs.records import ENDED
from app.store.tables import job
from tests.jobs.deployment import Deployment, deploy
from tests.stress import soak_figures
from tests.stress.soak_crew import BEREAVED, MORTAL, SHARES, STEADY, Crew
from tests.stress.soak_figures import Figures
from tests.stress.soak_jobs import Planned, make_source, plan
from tests.stress.soak_places import Places

JOBS_PER_KILL = 11
_WARM_SHARE = 0.15
_WAITING = 40
_TOLD_JOBS = 100
_LOOK_SECONDS = 0.1
_STUCK_SECONDS = 900.0


@dataclass(frozen=True, kw_only=True)
class Soaked:
    """A soak that is over: what was planned under which id, what there is in the end, and the figures by moment."""

    places: Places
    deployment: Deployment
    crew: Crew
    planned: dict[str, Planned]
    figures: dict[str, Figures]
    source: bytes
    seconds: float


@dataclass(kw_only=True)
class _Kills:
    """The kills still to come: after how many ended jobs, and of what."""

    due: list[tuple[int, str]] = field(default_factory=list)

    @staticmethod
    def drawn(random: Random, jobs: int) -> _Kills:
        """One kill per `JOBS_PER_KILL` jobs, spread over all but the last of them, and each kind at least once."""
        count = max(len(SHARES), jobs // JOBS_PER_KILL)
        whats = [*SHARES, *random.choices(list(SHARES), list(SHARES.values()), k=count - len(SHARES))]
        random.shuffle(whats)
        return _Kills(due=sorted((random.randint(0, jobs * 9 // 10), what) for what in whats))

    def take(self, ended: int) -> str | None:
        """The next kill that is due, if one is."""
        return self.due.pop(0)[1] if self.due and self.due[0][0] <= ended else None


def soak(base: Path, *, seed: int, jobs: int, lease: int, say: Callable[[str], None]) -> Soaked:
    """Run a soak of `jobs` jobs in the empty folder `base`, with leases of so many seconds."""
    begun = time.monotonic()
    places = Places(base=base.resolve())
    for folder in (places.notes, places.temporary):
        folder.mkdir()
    make_source(places.source)
    source = places.source.read_bytes()
    deployment = deploy(places.home)
    crew = Crew(places=places, random=Random(seed), lease=lease)
    figures: dict[str, Figures] = {"before": soak_figures.machine(crew)}
    drive = _Drive(deployment=deployment, crew=crew, plans=plan(seed, jobs, places.source), figures=figures, say=say)
    say(f"{jobs} jobs, seed {seed}")
    try:
        crew.start(STEADY, BEREAVED, MORTAL)
        figures["start"] = {**soak_figures.machine(crew), **soak_figures.living(crew)}
        drive.through()
        figures["end"] = {**soak_figures.machine(crew), **soak_figures.living(crew)}
        crew.stop()
    finally:
        crew.kill_all()
    figures["after"] = _settled(crew)
    seconds = time.monotonic() - begun
    return Soaked(
        places=places,
        deployment=deployment,
        crew=crew,
        planned=drive.planned,
        figures=figures,
        source=source,
        seconds=seconds,
    )


@dataclass(kw_only=True)
class _Drive:
    """The way through a soak: jobs are submitted as others end, killings are due as jobs end."""

    deployment: Deployment
    crew: Crew
    plans: list[Planned]
    figures: dict[str, Figures]
    say: Callable[[str], None]
    planned: dict[str, Planned] = field(default_factory=dict)
    _ended: int = 0

    def through(self) -> None:
        """Submit, kill and start again until every job has ended."""
        jobs = len(self.plans)
        kills, told, moved = _Kills.drawn(self.crew.random, jobs), 0, time.monotonic()
        while self._ended < jobs:
            self._submit()
            if self._look():
                moved = time.monotonic()
            assert time.monotonic() - moved < _STUCK_SECONDS, f"no job has ended for long: {self._states()}"
            if self._ended - told >= max(_TOLD_JOBS, jobs // 20):
                told = self._ended
                self.say(f"{told} jobs ended, killed {dict(self.crew.killed)}")
            self.crew.revive()
            what = kills.take(self._ended)
            if what is None or self._ended == jobs:
                time.sleep(_LOOK_SECONDS)
            else:
                self.crew.kill(what)
        self.crew.revive()

    def _submit(self) -> None:
        """Keep the queue filled, in turn for the two operators."""
        people = ("ana", "rita")
        while len(self.planned) < min(len(self.plans), self._ended + _WAITING):
            number = len(self.planned)
            next_one = self.plans[number]
            job_id = self.deployment.queued(people[number % 2], sql=next_one.sql, title=next_one.kind)
            self.planned[job_id] = next_one

    def _look(self) -> bool:
        """See how many jobs have ended, whether there are more than before; take the figures of the warm soak."""
        states = self._states()
        before, self._ended = self._ended, sum(states[state] for state in ENDED)
        if "warm" not in self.figures and self._ended >= len(self.plans) * _WARM_SHARE:
            self.figures["warm"] = soak_figures.living(self.crew)
        return self._ended > before

    def _states(self) -> Counter[str]:
        with self.deployment.store.reading() as connection:
            return Counter(connection.execute(select(job.c.state)).scalars())


def _settled(crew: Crew) -> Figures:
    """The figures once all is gone, or what is left when it does not go within some seconds."""
    deadline = time.monotonic() + 10
    while True:
        figures = soak_figures.machine(crew)
        left = [count for name, count in figures.items() if name.endswith(" of the soak")]
        if not any(left) or time.monotonic() > deadline:
            return figures
        time.sleep(0.1)


def asked(name: str, otherwise: int) -> int:
    """A number from the environment."""
    return int(os.environ.get(name, otherwise))
