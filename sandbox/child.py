"""How does a confined process spend its life? Reads one task, builds its walls, runs it, answers once, ends.

The walls stand before the engine starts. The answer is the only thing that leaves, next to the files in scratch.
"""

from __future__ import annotations

import json
import os
import resource
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from sandbox.cgroups import Groups
from sandbox.confine import GATE, LOCK, Missing, Room, Walls, confine
from sandbox.decoding import decode_task
from sandbox.engine import Place
from sandbox.inspection import inspect_place, run_inspect
from sandbox.mount import mount_place, run_mount
from sandbox.protocol import (
    MAX_TASK_BYTES,
    Answer,
    InspectTask,
    MountTask,
    QueryTask,
    RefineTask,
    RehearseTask,
    Task,
    Usage,
    encode,
)
from sandbox.query import query_place, run_query
from sandbox.refine import refine_place, run_refine
from sandbox.rehearse import rehearse_place, run_rehearse
from sandbox.shape import Malformed
from sandbox.stages import Failed, Report, Run, Stages
from sandbox.wire import ANSWER, FRAME, PROGRESS, Order

_HEADROOM = 384 << 20
_HEADROOM_PER_THREAD = 96 << 20
_GROUP_HEADROOM = 256 << 20
_OTHER_THREADS = 24
_FILE_HEADROOM = 1 << 20
_PAGE = os.sysconf("SC_PAGE_SIZE")


def live(order: Order, task_descriptor: int, answer_descriptor: int, groups: Groups | None) -> int:
    """The whole life of the process; returns its exit code. `groups` are those of the zygote, if it has any."""
    stages = Stages(order.begun)

    def report(step: str, fraction: float) -> None:
        _send(answer_descriptor, PROGRESS, json.dumps({"step": step, "fraction": round(fraction, 3)}).encode())

    answer = _answer(
        order, task_descriptor, answer_descriptor, groups, stages, report if order.wants_progress else None
    )
    cost = resource.getrusage(resource.RUSAGE_SELF)
    usage = Usage(
        wall_seconds=stages.elapsed(),
        cpu_seconds=cost.ru_utime + cost.ru_stime,
        peak_memory_bytes=cost.ru_maxrss * 1024,
        spill_bytes=stages.spill_bytes,
        read_bytes=stages.read_bytes,
        stages=stages.seconds,
    )
    _send(answer_descriptor, ANSWER, encode(replace(answer, usage=usage)))
    return 0


def _answer(
    order: Order,
    task_descriptor: int,
    answer_descriptor: int,
    groups: Groups | None,
    stages: Stages,
    report: Report | None,
) -> Answer:
    walls = Walls()
    try:
        task = decode_task(_read(task_descriptor))
        os.chdir(order.scratch)
        with stages.time("confine"):
            walls = _with_inner(task, order, confine(_room(order, task, answer_descriptor, groups)))
        return _within(walls, _run(task, order, stages, report))
    except Malformed:
        return _within(walls, Answer(status="failed", code="task-malformed"))
    except Missing as missing:
        return _within(missing.walls, Answer(status="failed", code="isolation-missing"))
    except Failed as end:
        problems, total = end.problems, end.total
        failed = Answer(status="failed", code=end.code, step=end.step, problems=problems, problems_total=total)
        return _within(walls, failed)
    except MemoryError:
        return _within(walls, Answer(status="failed", code="limit-memory"))


def _with_inner(task: Task, order: Order, walls: Walls) -> Walls:
    """The walls with those that the engine builds within the process."""
    inner = _KINDS[type(task)].inner
    standing = [wall for wall in inner if wall not in order.unsafe_without]
    absent = [(wall, "switched-off") for wall in inner if wall in order.unsafe_without]
    return Walls(standing=(*standing, *walls.standing), absent=(*absent, *walls.absent))


def _within(walls: Walls, answer: Answer) -> Answer:
    """The answer with the walls behind which it was made."""
    return replace(answer, walls=walls.standing, absent=dict(walls.absent))


@dataclass(frozen=True, kw_only=True)
class _Kind:
    """How a kind of task is done: where, by what, behind which inner walls."""

    place: Callable[[Any, str], Place]
    run: Callable[[Any, Run], Answer]
    inner: tuple[str, ...]


_KINDS: dict[type[Task], _Kind] = {
    QueryTask: _Kind(place=query_place, run=run_query, inner=(GATE, LOCK)),
    MountTask: _Kind(place=mount_place, run=run_mount, inner=(LOCK,)),
    RehearseTask: _Kind(place=rehearse_place, run=run_rehearse, inner=(GATE, LOCK)),
    InspectTask: _Kind(place=inspect_place, run=run_inspect, inner=(LOCK,)),
    RefineTask: _Kind(place=refine_place, run=run_refine, inner=(LOCK,)),
}


def _run(task: Task, order: Order, stages: Stages, report: Report | None) -> Answer:
    run = Run(scratch=order.scratch, stages=stages, report=report, unsafe_without=frozenset(order.unsafe_without))
    return _KINDS[type(task)].run(task, run)


def _room(order: Order, task: Task, answer_descriptor: int, groups: Groups | None) -> Room:
    limits = task.limits
    already = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * _PAGE
    processes = limits.threads + _OTHER_THREADS
    memory = limits.memory_bytes + _GROUP_HEADROOM
    return Room(
        readable=_KINDS[type(task)].place(task, order.scratch).readable,
        scratch=order.scratch,
        descriptors=(answer_descriptor,),
        address_space=already + limits.memory_bytes + _HEADROOM + limits.threads * _HEADROOM_PER_THREAD,
        file_bytes=max(limits.scratch_bytes, limits.result_bytes) + _FILE_HEADROOM,
        cpu_seconds=limits.cpu_seconds,
        processes=processes,
        join_group=None if groups is None else partial(groups.enter, str(os.getpid()), memory, processes),
        require_isolation=order.require_isolation,
        unsafe_without=frozenset(order.unsafe_without),
    )


def _read(descriptor: int) -> bytes:
    with open(descriptor, "rb") as stream:
        return stream.read(MAX_TASK_BYTES + 1)


def _send(descriptor: int, kind: bytes, body: bytes) -> None:
    message = FRAME.pack(kind, len(body)) + body
    while message:
        message = message[os.write(descriptor, message) :]
