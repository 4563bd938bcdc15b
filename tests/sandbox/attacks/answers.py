"""Attacks of a taken-over process on whoever reads its answer: tables that are none, and answers that lie.

What such tables can hold is tried in full by tests/sandbox/test_hostile_tables.py and test_hostile_answers.py.
"""

# An attack names the system call that it makes, not what wraps it.
# ruff: noqa: PTH102

from __future__ import annotations

import base64
import os
from collections.abc import Callable
from pathlib import Path

from sandbox.confine import ANSWER
from sandbox.protocol import Answer, Problem
from tests.sandbox.attacks.aftermath import answered
from tests.sandbox.attacks.attack import FAILED, MARK, Attack, Ground, Native

_ROWS = 700


def _left(data: bytes, rows: int = _ROWS) -> Answer:
    """The answer of a process that has left these bytes as its result."""
    Path("out.parquet").write_bytes(data)
    return Answer(status="ok", files=("out.parquet",), rows={"out.parquet": rows})


def _table(ground: Ground) -> bytes:
    return base64.b64decode(ground.table)


def _with_more(ground: Ground) -> Answer:
    Path("more").write_bytes(b"x")
    os.mkdir("folder")
    return _left(_table(ground))


def _failed(**more: object) -> Answer:
    return Answer(status="failed", **({"code": FAILED} | more))  # type: ignore[arg-type]


_UNREADABLE: dict[str, Callable[[Ground], Answer]] = {
    "garbage": lambda _: _left(b"garbage" * 100),
    "nothing": lambda _: _left(b""),
    "marks without a table": lambda _: _left(b"PAR1PAR1"),
    "a table cut off": lambda g: _left(_table(g)[:-9]),
    "a table begun late": lambda g: _left(_table(g)[9:]),
    "a table with a false length": lambda g: _left(_table(g)[:-8] + b"\xff\xff\xff\x7fPAR1"),
    "fewer rows than said": lambda g: _left(_table(g), _ROWS + 1),
    "more rows than said": lambda g: _left(_table(g), _ROWS - 1),
}
_LIES: dict[str, tuple[Callable[[Ground], Answer], str]] = {
    "a good table": (lambda g: _left(_table(g)), "ok"),
    "a good table and more": (_with_more, "ok"),
    "no table": (lambda _: Answer(status="ok", files=("out.parquet",), rows={"out.parquet": 1}), "answer-refused"),
    "another table": (lambda _: Answer(status="ok", files=("x.parquet",), rows={"x.parquet": 1}), "answer-refused"),
    "more rows than allowed": (lambda g: _left(_table(g), 10**7), "answer-refused"),
    "an unknown status": (lambda _: Answer(status="fine"), "answer-refused"),
    "an unknown code": (lambda _: _failed(code=MARK), "answer-refused"),
    "a text as a step": (lambda _: _failed(step=f"<b>{MARK}</b>"), "answer-refused"),
    "a long step": (lambda _: _failed(step="x" * 200), "answer-refused"),
    "results of a failure": (lambda _: _failed(files=("out.parquet",)), "answer-refused"),
    "a text as a problem": (
        lambda _: _failed(problems=(Problem(line=1, column="", what=MARK),), problems_total=1),
        "answer-refused",
    ),
    "a negative number": (lambda _: _failed(problems_total=-1), "answer-refused"),
    "a huge answer": (lambda _: _failed(step="x" * (2 << 20)), "answer-refused"),
}

ATTACKS = (
    *(
        Attack(name=f"leave {n}", how=Native(act=act), walls={ANSWER: "answer-refused"}, through=answered)
        for n, act in _UNREADABLE.items()
    ),
    *(Attack(name=f"answer with {n}", how=Native(act=act), ends=ending) for n, (act, ending) in _LIES.items()),
)
