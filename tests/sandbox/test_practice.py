"""Does practising a task leave nothing behind that a fork would inherit but what libraries keep for themselves?"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from sandbox.launcher import Launcher
from tests.sandbox.conftest import query

PRACTISED = """
import os
from sandbox.practice import practise
before = sorted(os.listdir("/proc/self/fd"))
practise()
print(len(os.listdir("/proc/self/task")), sorted(os.listdir("/proc/self/fd")) == before)
os._exit(0)  # as every process of the sandbox ends
"""


def test_practice_leaves_one_thread_and_no_open_file() -> None:
    done = subprocess.run([sys.executable, "-u", "-c", PRACTISED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["1", "True"]


def test_a_zygote_that_has_practised_has_one_thread_and_runs_tasks(table: Path, tmp_path: Path) -> None:
    with Launcher() as launcher:
        launcher.warm()
        time.sleep(0.5)
        assert launcher._zygote is not None
        assert len(list(Path(f"/proc/{launcher._zygote._process.pid}/task").iterdir())) == 1
        for number in range(3):
            answer = launcher.run(query(table, "SELECT 1 AS a"), tmp_path / str(number), require_isolation=True)
            assert answer.status == "ok"
