"""Does every wall stop an attack that gets through when just that wall is gone?

SQL attacks run with the inner walls left out until they meet the one in question; native attacks replace what the
child does after its walls stand, as if the engine had been taken over.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest

import sandbox.launcher as launcher_module
from sandbox.confine import GATE, LANDLOCK, LIMITS, LOCK, NAMESPACES, OWN_USER, SECCOMP
from sandbox.launcher import Launcher
from sandbox.protocol import Answer, Limits, Step
from tests.sandbox.conftest import query

ROOT = os.geteuid() == 0
"""The wall "own user" stands for root only: an ordinary user cannot become another one, so there is nothing to test."""
Without = Callable[..., Launcher]
ENGINE_ATTACKS = {
    "settings": "SELECT current_setting('allowed_paths') AS x",
    "catalog": "SELECT sql FROM duckdb_views() WHERE view_name = 'v'",
    "paths": "SELECT path FROM duckdb_databases()",
    "variables": "SELECT getvariable('x') AS x",
    "environment": "SELECT version() AS x",
    "qualified": "SELECT * FROM memory.main.v",
    "show": "SELECT * FROM (SHOW ALL TABLES)",
    "describe": "SELECT * FROM (DESCRIBE v)",
    "dynamic": "SELECT * FROM query('SELECT 1 AS x')",
    "dynamic table": "SELECT * FROM query_table('v')",
    "random": "SELECT random() AS x",
    "clock": "SELECT now() AS x",
    "session": "SELECT current_user AS x",
    "sample": "SELECT * FROM v USING SAMPLE 10",
    "unlisted": "SELECT md5(s) AS x FROM v",
    "own scratch": "SELECT * FROM duckdb_temporary_files()",
}
SHADOW = "SELECT 1); CREATE OR REPLACE TEMP VIEW v AS (SELECT 42 AS i, 1 AS g, '' AS s); SELECT (1"


def attack(launcher: Launcher, table: Path, scratch: Path, sql: str, *, steps: tuple[Step, ...] = ()) -> Answer:
    return launcher.run(query(table, sql, steps=steps), scratch, require_isolation=False)


@pytest.mark.parametrize("sql", ENGINE_ATTACKS.values(), ids=ENGINE_ATTACKS.keys())
def test_the_gate_stops_what_the_engine_would_answer(without: Without, table: Path, tmp_path: Path, sql: str) -> None:
    assert attack(without(GATE), table, tmp_path / "a", sql).status == "ok"
    assert attack(without(), table, tmp_path / "b", sql).code == "guard-refused"


def test_the_gate_stops_a_view_that_shadows_an_authorized_one(without: Without, table: Path, tmp_path: Path) -> None:
    steps = (Step(table="a", sql=SHADOW),)
    fooled = attack(without(GATE), table, tmp_path / "a", "SELECT max(i) AS m FROM v", steps=steps)
    assert fooled.status == "ok"
    assert duckdb.connect().execute(f"FROM '{tmp_path}/a/out.parquet'").fetchall() == [(42,)]
    answer = attack(without(), table, tmp_path / "b", "SELECT max(i) AS m FROM v", steps=steps)
    assert (answer.code, answer.step) == ("guard-refused", "a")


def test_a_step_cannot_take_the_name_of_a_view(without: Without, table: Path, scratch: Path) -> None:
    answer = attack(without(), table, scratch, "SELECT 1 AS a", steps=(Step(table="V", sql="SELECT 1 AS i"),))
    assert answer.code == "task-malformed"


def test_one_bad_text_stops_the_others_from_running(without: Without, table: Path, scratch: Path) -> None:
    steps = (Step(table="a", sql="SELECT i FROM v"), Step(table="b", sql="SELECT current_user"))
    answer = attack(without(), table, scratch, "SELECT 1 AS a", steps=steps)
    assert (answer.code, answer.step) == ("guard-refused", "b")
    assert "step:a" not in answer.usage.stages


def test_the_locked_engine_opens_no_other_file(without: Without, table: Path, tmp_path: Path) -> None:
    sql = "SELECT content FROM read_text('/proc/self/cgroup')"  # Landlock grants this one: the engine needs it to start
    assert attack(without(GATE, LOCK), table, tmp_path / "a", sql).status == "ok"
    assert attack(without(GATE), table, tmp_path / "b", sql).code == "engine-error"


def test_the_locked_engine_keeps_its_settings(without: Without, table: Path, tmp_path: Path) -> None:
    steps = (Step(table="a", sql="SELECT 1); SET memory_limit = '100GB'; SELECT (1"),)
    assert attack(without(GATE, LOCK), table, tmp_path / "a", "SELECT 1 AS a", steps=steps).status == "ok"
    assert attack(without(GATE), table, tmp_path / "b", "SELECT 1 AS a", steps=steps).code == "engine-error"


def test_landlock_stops_the_nul_byte_that_fools_the_lock(without: Without, table: Path, tmp_path: Path) -> None:
    sql = f"SELECT content FROM read_text('/etc/passwd' || chr(0) || '/../..' || '{table}')"
    assert attack(without(GATE, LANDLOCK, OWN_USER), table, tmp_path / "a", sql).status == "ok"
    assert b"root:" in _content(tmp_path / "a")
    assert attack(without(GATE), table, tmp_path / "b", sql).code == "engine-error"


def _content(scratch: Path) -> bytes:
    return str(duckdb.connect().execute(f"FROM '{scratch}/out.parquet'").fetchall()).encode()


@pytest.mark.parametrize("path", ["/etc/passwd", "/proc/self/environ", "/proc/self/maps", "/proc/1/cmdline"])
def test_landlock_stops_plain_reads(without: Without, table: Path, tmp_path: Path, path: str) -> None:
    sql = f"SELECT octet_length(content) AS n FROM read_blob('{path}')"
    assert attack(without(GATE, LOCK), table, tmp_path / "b", sql).code == "engine-error"


def test_landlock_keeps_the_sources_as_they_are(without: Without, tmp_path: Path) -> None:
    source = tmp_path / "source.parquet"
    duckdb.sql(f"COPY (SELECT 1 AS i, 2 AS g, 'x' AS s) TO '{source}'")
    if ROOT:
        source.chmod(0o666)
        tmp_path.chmod(0o777)
    before = source.read_bytes()
    overwrite = f"SELECT 1); COPY (SELECT 9 AS i) TO '{source}' (FORMAT parquet, USE_TMP_FILE false); SELECT (1"
    steps = (Step(table="a", sql=overwrite),)
    assert attack(without(GATE), source, tmp_path / "a", "SELECT 1 AS a", steps=steps).code == "engine-error"
    assert source.read_bytes() == before
    attack(without(GATE, LANDLOCK, OWN_USER), source, tmp_path / "b", "SELECT 1 AS a", steps=steps)
    assert source.read_bytes() != before


def test_limits_end_a_bomb_that_would_only_meet_the_deadline(without: Without, table: Path, tmp_path: Path) -> None:
    bomb = "SELECT count(*) AS n FROM range(100000) a(x), range(100000) b(y) WHERE x * y % 7 = 1"
    task = query(table, bomb, limits=Limits(wall_seconds=2, cpu_seconds=1, threads=2))
    answer = without(LIMITS).run(task, tmp_path / "a", require_isolation=False)
    assert answer.code == "limit-wall"
    task = query(table, bomb, limits=Limits(wall_seconds=20, cpu_seconds=1, threads=2))
    assert without().run(task, tmp_path / "b", require_isolation=False).code == "limit-cpu"


@pytest.mark.parametrize("wall", [LANDLOCK, SECCOMP])
def test_nothing_runs_when_a_demanded_wall_is_missing(without: Without, table: Path, scratch: Path, wall: str) -> None:
    answer = without(wall).run(query(table, "SELECT 1 AS a"), scratch, require_isolation=True)
    assert (answer.code, answer.files) == ("isolation-missing", ())
    assert not any(stage.startswith("open") for stage in answer.usage.stages)
    assert list(scratch.iterdir()) == []


def test_the_answer_says_which_walls_stood(without: Without, table: Path, tmp_path: Path) -> None:
    standing = set(without().run(query(table, "SELECT 1 AS a"), tmp_path / "a", require_isolation=True).walls)
    assert {LANDLOCK, SECCOMP, LIMITS} <= standing
    assert (OWN_USER in standing) == ROOT
    fewer = without(LANDLOCK).run(query(table, "SELECT 1 AS a"), tmp_path / "b", require_isolation=False).walls
    assert LANDLOCK not in fewer


# ------------------------------------------------------------------------------------------------- native attacks

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


KILLED = "child-died"
FORK = "def act(order):\n    if os.fork() == 0: os._exit(0)\n    os.wait()"
EXEC_MAP = "def act(order): mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)"
SYSTEM_CALLS = {
    "socket": ("def act(order): socket.socket()", KILLED),
    "unix socket": ("def act(order): socket.socket(socket.AF_UNIX)", KILLED),
    "netlink": ("def act(order): socket.socket(socket.AF_NETLINK)", KILLED),
    "pair": ("def act(order): socket.socketpair()", KILLED),
    "fork": (FORK, KILLED),
    "memory file": ("def act(order): os.memfd_create('x')", KILLED),
    "handle": ("def act(order): os.pidfd_open(os.getpid())", KILLED),
    "executable memory": (EXEC_MAP, "EPERM"),
    "limits": ("def act(order): resource.setrlimit(resource.RLIMIT_CORE, (0, 0))", "EPERM"),
    "mode": ("def act(order): os.chmod(order.scratch, 0o700)", "EPERM"),
    "attributes": ("def act(order): os.setpriority(os.PRIO_PROCESS, 0, 19)", "EPERM"),
    "signal parent": ("def act(order): os.kill(os.getppid(), 0)", "EPERM"),
    "session": ("def act(order): os.setsid()", "EPERM"),
    "personality": ("def act(order): libc.personality(0xFFFFFFFF)", KILLED),
    "process names": (
        "def act(order): syscall(157 if os.uname().machine == 'x86_64' else 167, 3, 0, 0, 0, 0)",
        "EPERM",
    ),
}
ONLY_SECCOMP = (
    "unix socket",
    "pair",
    "fork",
    "memory file",
    "handle",
    "executable memory",
    "limits",
    "mode",
    "attributes",
)


@pytest.mark.parametrize("name", SYSTEM_CALLS)
def test_seccomp_stops_the_call(name: str, table: Path, scratch: Path) -> None:
    body, expected = SYSTEM_CALLS[name]
    with taken_over(body) as launcher:
        assert outcome(launcher, table, scratch) == expected


@pytest.mark.parametrize("name", ONLY_SECCOMP)
def test_the_call_succeeds_without_seccomp(name: str, table: Path, scratch: Path) -> None:
    with taken_over(SYSTEM_CALLS[name][0], SECCOMP) as launcher:
        assert outcome(launcher, table, scratch) == "done"


@pytest.mark.parametrize(
    "call", ["execv('/bin/true', ['true'])", "symlink('/etc/passwd', 'x')", "link('a', 'b')", "mkfifo('x')"]
)
def test_seccomp_ends_the_process(call: str, table: Path, scratch: Path) -> None:
    with taken_over(f"def act(order): os.{call}") as launcher:
        assert outcome(launcher, table, scratch) == KILLED


FILES = {
    "read": "def act(order): open('/etc/passwd').close()",
    "secret": "def act(order): open(SECRET).close()",
    "list": "def act(order): os.listdir('/')",
    "climb": "def act(order): os.listdir('..')",
    "write outside": "def act(order): open('/tmp/sluice-was-here', 'w').close()",
    "source": "def act(order): open(SOURCE, 'r+b').close()",
    "own memory": "def act(order): open('/proc/self/mem', 'r+b').close()",
    "environment": "def act(order): open('/proc/self/environ').close()",
    "devices": "def act(order): open('/dev/zero').close()",
}


@pytest.mark.parametrize("name", FILES)
def test_landlock_stops_the_file(name: str, table: Path, scratch: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    with taken_over(FILES[name], secret=str(secret), source=str(table)) as launcher:
        assert outcome(launcher, table, scratch) in {"EACCES", "EPERM"}


@pytest.mark.parametrize("name", ["read", "list", "devices"])
def test_the_file_opens_without_landlock(name: str, table: Path, scratch: Path) -> None:
    with taken_over(FILES[name], LANDLOCK) as launcher:
        assert outcome(launcher, table, scratch) == "done"


def test_landlock_refuses_links_in_scratch(table: Path, scratch: Path, tmp_path: Path) -> None:
    body = "def act(order): os.symlink('/etc/passwd', 'out.parquet')"
    with taken_over(body, SECCOMP) as launcher:
        assert outcome(launcher, table, scratch) == "EACCES"
    with taken_over(body, SECCOMP, LANDLOCK) as launcher:
        assert outcome(launcher, table, tmp_path / "b") == "done"


CONNECT = "def act(order): socket.socket().connect(('127.0.0.1', PORT))"


def test_the_network_is_out_of_reach_by_three_walls(table: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        threading.Thread(target=_accept, args=(server,), daemon=True).start()
        for number, (walls, expected) in enumerate(
            [
                ((), {KILLED}),
                ((SECCOMP,), {"EACCES", "ENETUNREACH", "ECONNREFUSED"}),
                ((SECCOMP, LANDLOCK), {"ENETUNREACH", "ECONNREFUSED"}),
                ((SECCOMP, NAMESPACES), {"EACCES"}),
                ((SECCOMP, LANDLOCK, NAMESPACES), {"done"}),
            ]
        ):
            with taken_over(CONNECT, *walls, port=port) as launcher:
                assert outcome(launcher, table, tmp_path / str(number)) in expected, walls


def _accept(server: socket.socket) -> None:
    while True:
        try:
            server.accept()[0].close()
        except OSError:
            return


@pytest.mark.skipif(not ROOT, reason="only root can become another user")
def test_the_own_user_cannot_read_what_belongs_to_others(table: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("x")
    secret.chmod(0o600)
    with taken_over(FILES["secret"], LANDLOCK, secret=str(secret)) as launcher:
        assert outcome(launcher, table, tmp_path / "a") == "EACCES"
    with taken_over(FILES["secret"], LANDLOCK, OWN_USER, secret=str(secret)) as launcher:
        assert outcome(launcher, table, tmp_path / "b") == "done"


@pytest.mark.skipif(not ROOT, reason="only root can become another user")
def test_an_own_user_within_reach_of_its_files_keeps_no_capability(table: Path, tmp_path: Path) -> None:
    body = "def act(order): return [l.split()[1] for l in open('/proc/self/status') if l.startswith('CapPrm')][0]"
    with taken_over(body, SECCOMP, LANDLOCK) as launcher:
        assert outcome(launcher, table, tmp_path / "a") == "0" * 16


def test_nothing_is_inherited(table: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLUICE_TEST_SECRET", "x")
    count = "sum(1 for fd in range(3, 256) if _open(fd))"
    body = f"""
def _open(fd):
    try: os.fstat(fd)
    except OSError: return False
    return True
def act(order): return f"{{len(os.environ)}} {{{count}}}"
"""
    with Path("/etc/hostname").open() as inherited:
        os.set_inheritable(inherited.fileno(), True)
        with taken_over(body) as launcher:
            assert outcome(launcher, table, scratch) == "0 1"


def test_a_process_is_private_to_its_walls(table: Path, scratch: Path) -> None:
    with taken_over("def act(order): return libc.prctl(3, 0, 0, 0, 0)", SECCOMP) as launcher:
        assert outcome(launcher, table, scratch) == "0"


def test_standard_streams_lead_nowhere(table: Path, scratch: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with taken_over("def act(order):\n    os.write(1, b'leak')\n    os.write(2, b'leak')") as launcher:
        assert outcome(launcher, table, scratch) == "done"
    assert capfd.readouterr() == ("", "")


def test_memory_is_limited_outside_the_engine_too(table: Path, scratch: Path) -> None:
    body = "def act(order):\n    try: bytearray(6 << 30)\n    except MemoryError: return 'refused'"
    with taken_over(body) as launcher:
        assert outcome(launcher, table, scratch) == "refused"


def test_descriptors_are_limited(table: Path, scratch: Path) -> None:
    body = "def act(order):\n    kept = [os.open(order.scratch, os.O_RDONLY) for _ in range(1000)]"
    with taken_over(body) as launcher:
        assert outcome(launcher, table, scratch) == "EMFILE"


def test_threads_start(table: Path, scratch: Path) -> None:
    body = "def act(order):\n    t = threading.Thread(target=lambda: None); t.start(); t.join()"
    with taken_over(body) as launcher:
        assert outcome(launcher, table, scratch) == "done"
