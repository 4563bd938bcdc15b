"""With what is a task run, what did each stage take, and how does it fail? What every kind of task shares."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sandbox.protocol import Problem


class Failed(Exception):
    """A task ends with a code of the protocol, perhaps at a step, perhaps with problems of a source."""

    def __init__(
        self, code: str, step: str | None = None, *, problems: tuple[Problem, ...] = (), total: int = 0
    ) -> None:
        """`total` is the number of problems, of which `problems` are the first."""
        super().__init__(code)
        self.code, self.step, self.problems, self.total = code, step, problems, total or len(problems)


class Stages:
    """A stop-watch: the seconds of each named stage, in the order in which they began; and what the engine counted."""

    def __init__(self, begun: float) -> None:
        """`begun` is the moment, on the monotonic clock of the machine, at which the launcher took the task."""
        self.begun = begun
        self.spill_bytes = self.read_bytes = 0
        self.seconds: dict[str, float] = {"start": max(0.0, time.monotonic() - begun)}

    @contextmanager
    def time(self, stage: str) -> Iterator[None]:
        """Add the time of the block to `stage`, also when it fails."""
        start = time.monotonic()
        try:
            yield
        finally:
            self.seconds[stage] = round(self.seconds.get(stage, 0.0) + time.monotonic() - start, 6)

    def add(self, *, spill_bytes: int, read_bytes: int) -> None:
        """Note that a statement had so much on disk at its peak, and read so much."""
        self.spill_bytes = max(self.spill_bytes, spill_bytes)
        self.read_bytes += read_bytes

    def elapsed(self) -> float:
        """Seconds since the task began."""
        return time.monotonic() - self.begun


Report = Callable[[str, float], None]
"""Told the running step and how far it is, 0 to 1."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What a task is run with besides itself: its scratch folder, the stop-watch, and who wants to know of progress.

    `unsafe_without` names inner walls to leave out, for tests of the other walls.
    """

    scratch: str
    stages: Stages
    report: Report | None = None
    unsafe_without: frozenset[str] = frozenset()
