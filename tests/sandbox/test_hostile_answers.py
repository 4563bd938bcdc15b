"""Is what a taken-over process leaves behind refused? The parent believes nothing that it cannot check."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from sandbox.confine import LANDLOCK, SECCOMP
from sandbox.launcher import Launcher
from tests.sandbox.conftest import query
from tests.sandbox.crafted import real
from tests.sandbox.test_walls import taken_over

ONE_ROW = real("SELECT 1 AS a")
ACT = """
import json
from dataclasses import replace
from sandbox.wire import ANSWER, FRAME, PROGRESS
from sandbox.protocol import ColumnScan, Usage, encode
SCAN = (ColumnScan(form="text", values=1, distinct=1),)
def send(fd, kind, body): os.write(fd, FRAME.pack(kind, len(body)) + body)
def ok(*files, rows=None): return Answer(status="ok", files=files, rows=rows or {f: 1 for f in files})
def put(name, data=ONE_ROW): open(name, "wb").write(data)
def live(order, task, answer, groups):
    os.chdir(order.scratch)
    done = act(order, answer)
    if done is not None:
        send(answer, ANSWER, encode(done))
    return 0
import sandbox.zygote
sandbox.zygote.live = live
"""
REPLACED = f"ONE_ROW = {ONE_ROW!r}{ACT}"
HONEST = "def act(order, fd):\n    put('out.parquet')\n    return ok('out.parquet')"
LIES = {
    "symbolic link": "os.symlink('/etc/passwd', 'out.parquet'); return ok('out.parquet')",
    "hard link": "os.link(SECRET, 'out.parquet'); return ok('out.parquet')",
    "pipe": "os.mkfifo('out.parquet'); return ok('out.parquet')",
    "folder": "os.mkdir('out.parquet'); return ok('out.parquet')",
    "nothing": "return ok('out.parquet')",
    "another file": "put('out.parquet'); put('more'); return ok('out.parquet', 'more')",
    "no file": "return ok()",
    "file outside": "put('out.parquet'); return ok('../secret')",
    "no rows": "put('out.parquet'); return Answer(status='ok', files=('out.parquet',))",
    "a scan nobody asked for": "put('out.parquet'); return replace(ok('out.parquet'), scan=SCAN)",
    "garbage": "put('out.parquet'); send(fd, ANSWER, b'garbage')",
    "a huge frame": "os.write(fd, FRAME.pack(ANSWER, 1 << 31) + b'x' * 1000)",
    "a frame of no kind": "os.write(fd, FRAME.pack(b'Z', 1) + b'x')",
    "two answers": "put('out.parquet'); send(fd, ANSWER, encode(ok('out.parquet'))); return ok('out.parquet')",
    "endless progress": '\n    while True: send(fd, PROGRESS, b\'{"step":"a","fraction":0}\')',
}
DEATHS = {
    "silence": "put('out.parquet')",
    "half a frame": "put('out.parquet'); os.write(fd, FRAME.pack(ANSWER, 100) + b'{')",
    "answer and crash": "put('out.parquet'); send(fd, ANSWER, encode(ok('out.parquet'))); os.abort()",
    "answer and bad exit": "put('out.parquet'); send(fd, ANSWER, encode(ok('out.parquet'))); os._exit(3)",
}
ENDINGS = [(body, "answer-refused") for body in LIES.values()] + [(body, "child-died") for body in DEATHS.values()]


def hostile(body: str, table: Path, scratch: Path, **values: object) -> str | None:
    with taken_over(f"{REPLACED}{body}", LANDLOCK, SECCOMP, **values) as launcher:
        answer = launcher.run(query(table, "SELECT 1 AS a"), scratch, require_isolation=False)
    assert (answer.status == "ok") == (answer.code is None)
    assert answer.status == "ok" or list(scratch.iterdir()) == []
    return answer.code


def test_an_honest_process_is_believed(table: Path, scratch: Path) -> None:
    assert hostile(HONEST, table, scratch) is None


@pytest.mark.parametrize(("lie", "code"), ENDINGS, ids=[*LIES, *DEATHS])
def test_a_lie_is_not_believed(lie: str, code: str, table: Path, scratch: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("kept")
    assert hostile(f"def act(order, fd):\n    {lie}", table, scratch, secret=str(secret)) == code
    assert secret.read_text() == "kept"


@pytest.mark.parametrize(("scan", "code"), [("SCAN", None), ("()", "answer-refused"), ("MORE", "answer-refused")])
def test_a_scan_that_is_asked_for_is_there_and_counts_no_more_than_the_rows(
    scan: str, code: str | None, table: Path, scratch: Path
) -> None:
    body = f"{REPLACED}MORE = (replace(SCAN[0], values=2),)\n"
    body += f"def act(order, fd):\n    put('out.parquet'); return replace(ok('out.parquet'), scan={scan})"
    with taken_over(body, LANDLOCK, SECCOMP) as launcher:
        task = dataclasses.replace(query(table, "SELECT 1 AS a"), scan="out.parquet")
        assert launcher.run(task, scratch, require_isolation=False).code == code


def test_a_result_that_is_too_large_is_refused(table: Path, scratch: Path) -> None:
    body = (
        "def act(order, fd):\n    put('out.parquet'); os.truncate('out.parquet', 1 << 30)\n    return ok('out.parquet')"
    )
    assert hostile(body, table, scratch) == "limit-bytes"


def test_what_is_left_over_is_removed(table: Path, scratch: Path) -> None:
    left = "os.makedirs('a/b'); put('a/b/c'); os.symlink('/etc', 'a/l'); os.symlink('/etc', 'l')"
    assert (
        hostile(f"def act(order, fd):\n    {left}; put('out.parquet'); return ok('out.parquet')", table, scratch)
        is None
    )
    assert [p.name for p in scratch.iterdir()] == ["out.parquet"]
    assert Path("/etc/passwd").exists()


@pytest.mark.parametrize(
    "frame", ["b'x'", "b'{}'", '\'{"step":1,"fraction":0}\'.encode()', '\'{"step":"a","fraction":7}\'.encode()']
)
def test_a_false_progress_ends_the_task(frame: str, table: Path, scratch: Path) -> None:
    body = (
        f"{REPLACED}def act(order, fd):\n    put('out.parquet'); send(fd, PROGRESS, {frame}); return ok('out.parquet')"
    )
    with taken_over(body, LANDLOCK, SECCOMP) as launcher:
        task = query(table, "SELECT 1 AS a")
        answer = launcher.run(task, scratch, require_isolation=False, on_progress=lambda *_: None)
    assert answer.code == "answer-refused"


def test_the_launcher_never_imports_the_engine() -> None:
    import subprocess
    import sys

    code = "import sys, sandbox.launcher, sandbox.protocol; print('duckdb' in sys.modules or '_duckdb' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=_root())
    assert done.stdout.strip() == "False"


def _root() -> Path:
    return Path(__file__).parents[2]


def test_it_starts_from_any_folder(table: Path, scratch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "duckdb.py").write_text("raise SystemExit")
    (tmp_path / "json.py").write_text("raise SystemExit")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Launcher() as launcher:
        assert launcher.run(query(table, "SELECT 1 AS a"), scratch, require_isolation=True).status == "ok"
