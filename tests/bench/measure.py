"""How much longer does a governed query take than the raw one? Alternating rounds, medians, ratios."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from math import nan
from pathlib import Path
from statistics import geometric_mean, median
from time import perf_counter, process_time

from app.domain.errors import SluiceError


@dataclass(frozen=True, kw_only=True)
class GovernedRun:
    """Seconds of one governed run: `decide` until there is a plan, `engine` for the plan's statements in the
    sandbox, `job` from the plan to the collected result (contains `engine`), `check` for the disclosure checks.

    `cpu` is processor time of the sandbox, without what a job takes whose statement does nothing."""

    decide: float
    engine: float
    job: float
    check: float
    total: float
    cpu: float
    decision: str
    suppressed: int


Raw = Callable[[str], None]
"""Runs the SQL on the same files without Sluice."""

Governed = Callable[[str], GovernedRun]
"""Runs the SQL through Sluice."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """Medians of one aggregate in seconds; `problem` says why there are none."""

    name: str
    raw: float = 0.0
    engine: float = 0.0
    decide: float = 0.0
    around: float = 0.0
    check: float = 0.0
    total: float = 0.0
    raw_cpu: float = 0.0
    cpu: float = 0.0
    suppressed: int = 0
    problem: str = ""

    @property
    def ratio(self) -> float:
        """Time of the governed statements against the raw query."""
        return self.engine / self.raw

    @property
    def cpu_ratio(self) -> float:
        """The same of processor time, to which it matters less what else the machine does."""
        return self.cpu / self.raw_cpu


def _timed(raw: Raw, sql: str) -> tuple[float, float]:
    """Seconds by the clock, and of all processors."""
    started, used = perf_counter(), process_time()
    raw(sql)
    return perf_counter() - started, process_time() - used


def measure_one(name: str, sql: str, *, raw: Raw, governed: Governed, rounds: int) -> Line:
    """Medians over `rounds` alternating rounds, after one of each to warm the caches."""
    try:
        first = governed(sql)
    except SluiceError as error:
        return Line(name=name, problem=", ".join(f.code for f in error.findings))
    if first.decision != "checked":
        return Line(name=name, problem=first.decision)
    raw(sql)
    raws, runs = [], []
    for number in range(rounds):
        if number % 2:
            runs.append(governed(sql))
            raws.append(_timed(raw, sql))
        else:
            raws.append(_timed(raw, sql))
            runs.append(governed(sql))
    return Line(
        name=name,
        raw=median(seconds for seconds, _ in raws),
        raw_cpu=median(cpu for _, cpu in raws),
        cpu=median(r.cpu for r in runs),
        engine=median(r.engine for r in runs),
        decide=median(r.decide for r in runs),
        around=median(r.job - r.engine for r in runs),
        check=median(r.check for r in runs),
        total=median(r.total for r in runs),
        suppressed=first.suppressed,
    )


def measure(queries: Mapping[str, str], *, raw: Raw, governed: Governed, rounds: int) -> list[Line]:
    """One line per query, in order."""
    lines = []
    for name, sql in queries.items():
        line = measure_one(name, sql, raw=raw, governed=governed, rounds=rounds)
        print(_row(line), flush=True)
        lines.append(line)
    return lines


HEADER = f"{'aggregate':26}{'raw ms':>9}{'governed':>10}{'ratio':>8}{'cpu ratio':>11}" + "".join(
    f"{title:>{width}}"
    for title, width in (("decide", 9), ("around", 9), ("check", 9), ("total", 9), ("cells out", 11))
)


def _row(line: Line) -> str:
    if line.problem:
        return f"{line.name:26}  not measured: {line.problem}"
    times = "".join(f"{1000 * t:9.1f}" for t in (line.decide, line.around, line.check, line.total))
    ratios = f"{line.ratio:8.2f}{line.cpu_ratio:11.2f}"
    return f"{line.name:26}{1000 * line.raw:9.1f}{1000 * line.engine:10.1f}{ratios}{times}{line.suppressed:11d}"


def summary(lines: list[Line]) -> str:
    """The geometric mean of the ratios and the median overhead of one job around its query."""
    measured = [line for line in lines if not line.problem]
    if not measured:
        return "nothing was measured"
    ratio, cpu = mean_ratios(lines)
    around = 1000 * median(line.around for line in measured)
    return (
        f"governed / raw, geometric mean of {len(measured)} of {len(lines)} aggregates: {ratio:.2f}; "
        f"of processor time: {cpu:.2f}\n"
        f"one job around its query (start, confine, collect), median: {around:.0f} ms"
    )


def mean_ratios(lines: list[Line]) -> tuple[float, float]:
    """The geometric means of the ratios of time and of processor time; NaN when nothing could be measured."""
    measured = [line for line in lines if not line.problem]
    if not measured:
        return nan, nan
    return geometric_mean(line.ratio for line in measured), geometric_mean(line.cpu_ratio for line in measured)


def write(found: Mapping[str, list[Line]], file: Path) -> None:
    """Keep the medians by kind of plan as JSON, for comparing with a later run."""
    kinds = {kind: [asdict(line) for line in lines] for kind, lines in found.items()}
    file.write_text(json.dumps(kinds, ensure_ascii=False, indent=1), encoding="utf-8")
