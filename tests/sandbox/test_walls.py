"""Is it known which walls stand, and does nothing run when too few do?

What each wall stops is tried in tests/sandbox/attacks; here is what is no attack: demands, words, and what is left of
a process whose walls stand.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import sandbox.launcher as launcher_module
from sandbox.confine import DEMANDED, LANDLOCK, LIMITS, OWN_ROOT, OWN_USER, SECCOMP
from sandbox.launcher import Launcher
from sandbox.protocol import Answer, Step
from tests.sandbox.conftest import query

ROOT = os.geteuid() == 0
Without = Callable[..., Launcher]


def attack(launcher: Launcher, table: Path, scratch: Path, sql: str, *, steps: tuple[Step, ...] = ()) -> Answer:
    return launcher.run(query(table, sql, steps=steps), scratch, require_isolation=False)


def test_a_step_cannot_take_the_name_of_a_view(without: Without, table: Path, scratch: Path) -> None:
    answer = attack(without(), table, scratch, "SELECT 1 AS a", steps=(Step(table="V", sql="SELECT 1 AS i"),))
    assert answer.code == "task-malformed"


def test_one_bad_text_stops_the_others_from_running(without: Without, table: Path, scratch: Path) -> None:
    steps = (Step(table="a", sql="SELECT i FROM v"), Step(table="b", sql="SELECT current_user"))
    answer = attack(without(), table, scratch, "SELECT 1 AS a", steps=steps)
    assert (answer.code, answer.step) == ("guard-refused", "b")
    assert "step:a" not in answer.usage.stages


@pytest.mark.parametrize("walls", DEMANDED, ids=" or ".join)
def test_nothing_runs_when_a_demanded_wall_is_missing(
    without: Without, table: Path, scratch: Path, walls: tuple[str, ...]
) -> None:
    answer = without(*walls).run(query(table, "SELECT 1 AS a"), scratch, require_isolation=True)
    assert (answer.code, answer.files) == ("isolation-missing", ())
    assert not any(stage.startswith("open") for stage in answer.usage.stages)
    assert list(scratch.iterdir()) == []


def test_the_answer_says_which_walls_stood(without: Without, table: Path, tmp_path: Path) -> None:
    standing = set(without().run(query(table, "SELECT 1 AS a"), tmp_path / "a", require_isolation=True).walls)
    assert {LANDLOCK, SECCOMP, LIMITS} <= standing
    assert (OWN_USER in standing) == ROOT
    fewer = without(LANDLOCK).run(query(table, "SELECT 1 AS a"), tmp_path / "b", require_isolation=False).walls
    assert LANDLOCK not in fewer


_TAKEN_OVER = """
import sys; sys.path[:0] = sys.argv[1:3]
import ctypes, errno, mmap, os, resource, signal, socket, threading
import sandbox.child as child
from sandbox.protocol import Answer
libc = ctypes.CDLL(None, use_errno=True)
PORT, SECRET, SOURCE = {port}, {secret!r}, {source!r}
def attack(task, order, stages, report):
    try:
        result = act(order)
        done = "done" if result is None else str(result)
    except ValueError:
        done = 'EPERM'  # what Python makes of it in setrlimit
    except OSError as error:
        done = errno.errorcode.get(error.errno, "?")
    return Answer(status="failed", code="engine-error", step=done)
def syscall(*arguments):
    if libc.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "syscall")
{body}
child._run = attack
from sandbox.__main__ import main; sys.exit(main(sys.argv[3:]))
"""


@contextmanager
def taken_over(body: str, *walls: str, **more: object) -> Iterator[Launcher]:
    """A launcher whose children do `body`, which defines `act(order)`, once their walls stand."""
    values = {"port": 0, "secret": "", "source": ""} | more
    before = launcher_module._BOOT
    launcher_module._BOOT = _TAKEN_OVER.format(body=body, **values)
    try:
        with Launcher(unsafe_without=frozenset(walls)) as launcher:
            launcher.warm()
            yield launcher
    finally:
        launcher_module._BOOT = before


def outcome(launcher: Launcher, table: Path, scratch: Path) -> str:
    answer = launcher.run(query(table, "SELECT 1 AS a"), scratch, require_isolation=False)
    return answer.step if answer.step is not None else str(answer.code)


# For tests of what single tasks may reach; all that is tried with files is in tests/sandbox/attacks/paths.py.
FILES = {
    "read": "def act(order): open('/etc/passwd').close()",
    "secret": "def act(order): open(SECRET).close()",
    "list": "def act(order): os.listdir('/')",
    "climb": "def act(order): os.listdir('..')",
    "write outside": "def act(order): open('/tmp/sluice-was-here', 'w').close()",
    "source": "def act(order): open(SOURCE, 'r+b').close()",
}


@pytest.mark.skipif(not ROOT, reason="only root can become another user")
def test_an_own_user_within_reach_of_its_files_keeps_no_capability(table: Path, tmp_path: Path) -> None:
    body = "def act(order): return [l.split()[1] for l in open('/proc/self/status') if l.startswith('CapPrm')][0]"
    with taken_over(body, SECCOMP, LANDLOCK, OWN_ROOT) as launcher:
        assert outcome(launcher, table, tmp_path / "a") == "0" * 16


def test_a_process_is_private_to_its_walls(table: Path, scratch: Path) -> None:
    with taken_over("def act(order): return libc.prctl(3, 0, 0, 0, 0)", SECCOMP) as launcher:
        assert outcome(launcher, table, scratch) == "0"


def test_standard_streams_lead_nowhere(table: Path, scratch: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with taken_over("def act(order):\n    os.write(1, b'leak')\n    os.write(2, b'leak')") as launcher:
        assert outcome(launcher, table, scratch) == "done"
    assert capfd.readouterr() == ("", "")
