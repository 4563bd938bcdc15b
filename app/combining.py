"""What follows from an output together with everything that left? Partitions of rows, refined in the sandbox, audited.

A run leaves the classes of its rows in its folder; joined with the classes of the rows that every earlier release told
apart they give new classes. This program reads how many units each class has and in which cells it stands, never which
rows are in it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory

import numpy as np

from app.disclosure.history import PARTITIONS, History, append
from app.disclosure.partition.classes import read_counts, read_standing
from app.disclosure.partition.judge import Verdict, judge
from app.disclosure.partition.state import THIS, Partition, needed, refined
from app.disclosure.partition.versions import Version, enter, folder_versions, kept, key_of
from app.domain.errors import Finding, Refusal, SluiceError
from app.domain.proofs import PartitionOutline
from app.engine import Engine
from sandbox.protocol import Answer, RefinePart, RefineTask

OUTLINES = "partitions.json"
"""The file in the folder of a run that says which partitions it refines."""
_MOST = 64
"""Partitions that one task refines."""

Failed = Callable[[Answer], SluiceError]


@dataclass(frozen=True, kw_only=True)
class Refined:
    """A partition with the cells of one more output: made from version `before`, its rows in the file `rows`."""

    outline: PartitionOutline
    before: Version | None
    partition: Partition
    rows: Path


def written(outlines: Sequence[PartitionOutline], folder: Path) -> tuple[str, ...]:
    """Note in the folder of a run which partitions it refines; answers the names of all files that this will need."""
    if not outlines:
        return ()
    (folder / OUTLINES).write_text(json.dumps([asdict(o) for o in outlines]), encoding="utf-8")
    return (OUTLINES, *(f"{what}_{o.number}.parquet" for o in outlines for what in ("members", "classes")))


def noted(folder: Path) -> tuple[PartitionOutline, ...]:
    """The partitions that the run in `folder` refines."""
    file = folder / OUTLINES
    return tuple(PartitionOutline(**o) for o in json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else ()


def refine(
    engine: Engine,
    outlines: Sequence[PartitionOutline],
    folder: Path,
    current: Mapping[str, Version],
    scratch: Path,
    *,
    release: str,
    failed: Failed,
) -> list[Refined]:
    """The partitions `current` with the cells of the run in `folder`, as they are called `release`; files in `scratch`.

    Raises what `failed` makes of an answer of the sandbox, and Broken for files that are not sound.
    """
    found = []
    for start in range(0, len(outlines), _MOST):
        part, room = outlines[start : start + _MOST], scratch / str(start)
        befores = [current.get(key_of(o)) for o in part]
        olds = [before.partition() if before is not None else None for before in befores]
        task = RefineTask(
            parts=tuple(
                RefinePart(
                    stored=str(before.rows.resolve()) if before is not None else None,
                    members=str((folder / f"members_{o.number}.parquet").resolve()),
                    contributors=needed(old, o.k),
                )
                for o, before, old in zip(part, befores, olds, strict=True)
            ),
            limits=engine.limits["refine"],
        )
        answer = engine.launcher.run(task, room, require_isolation=engine.require_isolation)
        if answer.status != "ok":
            raise failed(answer)
        for n, (outline, before, old) in enumerate(zip(part, befores, olds, strict=True)):
            small = {k: answer.statistics[f"partition_{n}_{k}"]["small_units"] for k in needed(old, outline.k)}
            partition = refined(
                old,
                read_standing(folder / f"classes_{outline.number}.parquet"),
                read_counts(room / f"counts_{n}.parquet"),
                release=release,
                k=outline.k,
                single=bool(answer.statistics[f"partition_{n}"]["single"]),
                small=small,
            )
            rows = room / f"partition_{n}.parquet"
            found.append(Refined(outline=outline, before=before, partition=partition, rows=rows))
    return found


def audited(engine: Engine, partitions: Sequence[Refined], own: frozenset[str]) -> None:
    """Raise Refusal("firewall-combination", "firewall-rank" or "firewall-too-many-cells") for what may not be known.

    Of the releases that take part those in `own` are named, the others counted.
    """
    rng = np.random.default_rng()
    for refined_one in partitions:
        verdict = judge(refined_one.partition, engine.rules.firewall, rng, least=refined_one.outline.k)
        if verdict.code is not None:
            raise Refusal(_finding(verdict, engine, own))


def hold(
    engine: Engine,
    outlines: Sequence[PartitionOutline],
    folder: Path,
    history: History,
    *,
    failed: Failed,
) -> None:
    """Raise what `audited` raises for an output with all that left; cells of one kind that come first tell no more."""
    current = history.partitions
    wanted = [o for o in outlines if o.cells > 1 or key_of(o) in current]
    if not wanted:
        return
    scratch = folder / PARTITIONS
    try:
        audited(engine, refine(engine, wanted, folder, current, scratch, release=THIS, failed=failed), history.own)
    finally:
        rmtree(scratch, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A partition that an output would leave: made from version `before`, its files in place, not registered yet."""

    outline: PartitionOutline
    before: Version | None
    version: Version


def prepare(
    engine: Engine, output: str, run: Path, current: Mapping[str, Version], folder: Path, *, failed: Failed
) -> list[Prepared]:
    """The partitions that the release of `output`, whose files are in `run`, would leave, put into `folder`.

    Raises what `audited` raises, naming all releases.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with TemporaryDirectory(dir=folder, prefix=".refine-") as scratch:
        found = refine(engine, noted(run), run, current, Path(scratch), release=output, failed=failed)
        audited(engine, found, frozenset(name for one in found for name in one.partition.releases))
        return [Prepared(outline=r.outline, before=r.before, version=kept(folder, r.rows, r.partition)) for r in found]


def still_current(prepared: Sequence[Prepared], current: Mapping[str, Version]) -> bool:
    """Whether no other release refined what `prepared` was made from."""
    latest = {key: version.id for key, version in current.items()}
    return all((p.before.id if p.before is not None else None) == latest.get(key_of(p.outline)) for p in prepared)


def append_to_folder(
    engine: Engine, outlines: Sequence[PartitionOutline], run: Path, segment: Path, folder: Path, *, failed: Failed
) -> str:
    """Count an output as released in the `folder` of one person's trials; answers its name."""
    home, scratch = folder / PARTITIONS, run / PARTITIONS
    try:
        name = append(folder, segment)
        for one in refine(engine, outlines, run, folder_versions(home), scratch, release=name, failed=failed):
            enter(home, key_of(one.outline), kept(home, one.rows, one.partition), one.before)
    finally:
        rmtree(scratch, ignore_errors=True)
    return name


def _finding(verdict: Verdict, engine: Engine, own: frozenset[str]) -> Finding:
    named = [name for name in verdict.releases if name in own]
    others = [name for name in verdict.releases if name not in (*named, THIS)]
    params = {
        "releases": ", ".join(named) or "-",
        "others": str(len(others)),
        "share": f"{engine.rules.firewall.max_rank_share:g}",
        "limit": str(engine.rules.firewall.max_entries),
    }
    return Finding(code=verdict.code or "partition-malformed", params=tuple(params.items()))
