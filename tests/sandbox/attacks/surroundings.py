"""What lies around an attack, and is it still as it was? Files, a listener and another process, made and looked at."""

from __future__ import annotations

import base64
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread

import duckdb

from sandbox.scratch import clear
from tests.sandbox.attacks.attack import MARK, Ground

State = dict[str, tuple[object, ...]]
_VARIABLE = "SLUICE_ATTACK_SECRET"
_SHARED = 0x51C10000
_FILES = ("source", "other", "secret", "database")


class Listener:
    """Someone outside who notes whoever connects: over TCP, UDP, and local sockets with a path or an abstract name."""

    def __init__(self, folder: Path) -> None:
        self.path, self.abstract = str(folder / "listener"), folder.name
        self.heard = 0
        tcp = socket.create_server(("127.0.0.1", 0))
        self.port = int(tcp.getsockname()[1])
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        udp.bind(("127.0.0.1", 0))
        self.datagrams = int(udp.getsockname()[1])
        local = [socket.socket(socket.AF_UNIX) for _ in range(2)]
        for one, name in zip(local, (self.path, f"\0{self.abstract}"), strict=True):
            one.bind(name)
            one.listen()
        Path(self.path).chmod(0o777)
        self._sockets = [tcp, udp, *local]
        for one in self._sockets:
            Thread(target=self._listen, args=(one,), daemon=True).start()

    def _listen(self, one: socket.socket) -> None:
        with suppress(OSError):
            while True:
                if one.type == socket.SOCK_DGRAM:
                    one.recv(100)
                else:
                    one.accept()[0].close()
                self.heard += 1

    def close(self) -> None:
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


class Victim:
    """Another process of the same user that does nothing; a new one takes the place of one that was hurt."""

    def __init__(self) -> None:
        self._process = self._start()

    @staticmethod
    def _start() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-I", "-S", "-c", "import signal; signal.pause()"])

    @property
    def pid(self) -> int:
        return self._process.pid

    def hurt(self) -> bool:
        """Whether it was ended or halted, or may run on fewer processors than before."""
        if self._process.poll() is None and _status(self.pid) != "T":
            return os.sched_getaffinity(self.pid) != os.sched_getaffinity(0)
        return True

    def replace(self) -> None:
        self.close()
        self._process = self._start()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


class Surroundings:
    """Has a clean ground for each attack, and sees what is not as it was afterwards. Close it in the end.

    Meanwhile this process has a secret in its environment and a descriptor that whoever it starts could inherit.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-attacks-"))
        self.folder.chmod(0o755)  # within reach of another user, so that permissions can be a wall
        self._listener, self._victim = Listener(self.folder), Victim()
        self._good, self._marked = self.folder / "good.parquet", self.folder / "marked.parquet"
        rows = "SELECT i::INTEGER AS i, (i % 7)::INTEGER AS g, 'row ' || i AS s, 'hidden ' || i AS h"
        duckdb.sql(f"COPY ({rows} FROM range(700) AS t(i)) TO '{self._good}' (COMPRESSION zstd)")
        duckdb.sql(f"COPY (SELECT '{MARK}' AS s) TO '{self._marked}'")
        self._database = self.folder / "data.duckdb"
        with duckdb.connect(str(self._database)) as database:
            database.execute(f"CREATE TABLE t AS SELECT '{MARK}' AS s")
        self._given = os.open(self._marked, os.O_RDONLY)
        os.set_inheritable(self._given, True)
        os.environ[_VARIABLE] = MARK
        self._count = 0
        self._clean: Ground | None = None

    def close(self) -> None:
        self._listener.close()
        self._victim.close()
        os.close(self._given)
        os.environ.pop(_VARIABLE, None)
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextmanager
    def ground(self, zygote: int) -> Iterator[Ground]:
        """A ground on which nothing has been changed, with an empty scratch folder."""
        if self._clean is None:
            self._clean = self._new_ground()
        try:
            yield replace(self._clean, victim=self._victim.pid, zygote=zygote)
        finally:
            if self._clean is not None:
                clear(Path(self._clean.scratch))

    def _new_ground(self) -> Ground:
        self._count += 1
        folder = self.folder / str(self._count)
        vault, outside, secret = folder / "vault", folder / "outside", folder / "secret"
        vault.mkdir(parents=True)
        outside.mkdir()
        outside.chmod(0o777)
        for made, name in ((self._good, "v.parquet"), (self._marked, "other.parquet"), (self._database, "d.duckdb")):
            shutil.copy(made, vault / name)
        secret.write_text(MARK)
        secret.chmod(0o600)
        return Ground(
            scratch=str(folder / "scratch"),
            source=str(vault / "v.parquet"),
            other=str(vault / "other.parquet"),
            secret=str(secret),
            database=str(vault / "d.duckdb"),
            outside=str(outside),
            table=base64.b64encode(self._good.read_bytes()).decode(),
            socket=self._listener.path,
            abstract=self._listener.abstract,
            port=self._listener.port,
            datagrams=self._listener.datagrams,
            shared=_SHARED + os.getpid(),
            victim=0,
            zygote=0,
        )

    def state(self, ground: Ground) -> State:
        """Bytes, permissions and times of the files of the ground, what lies beside them, and who was heard."""
        found: State = {}
        for name in _FILES:
            path = Path(getattr(ground, name))
            with suppress(FileNotFoundError):
                seen = path.stat()
                found[name] = (path.read_bytes(), seen.st_mode, seen.st_uid, seen.st_mtime_ns, seen.st_nlink)
        found["vault"] = tuple(sorted(path.name for path in Path(ground.source).parent.iterdir()))
        found["outside"] = tuple(sorted(path.name for path in Path(ground.outside).iterdir()))
        found["connected"] = (self._listener.heard,)
        found["shared memory"] = (_shared_memory(ground.shared),)
        return found

    def changed(self, ground: Ground, before: State, zygotes: set[int]) -> frozenset[str]:
        """What is not as it was. What was hurt is replaced: processes now, the ground with the next attack."""
        now = self.state(ground)
        changed = {name for name, state in before.items() if now.get(name) != state}
        if changed:
            self._clean = None
        if self._victim.hurt():
            changed.add("victim")
            self._victim.replace()
        if _status(ground.zygote) in ("", "Z", "T"):
            changed.add("zygote")
        if (segment := _shared_memory(ground.shared)) is not None:
            ctypes.CDLL(None).shmctl(segment, 0, None)
        for left in [pid for pid, session in _sessions() if session in zygotes and pid not in zygotes]:
            changed.add("process")
            with suppress(ProcessLookupError):
                os.kill(left, signal.SIGKILL)
        return frozenset(changed)


def _sessions() -> Iterator[tuple[int, int]]:
    """Every living process with its session."""
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError):
                fields = Path(entry.path, "stat").read_text().rsplit(")", 1)[1].split()
                if fields[0] not in "ZX":
                    yield int(entry.name), int(fields[3])


def _shared_memory(key: int) -> int | None:
    """The number of the shared memory that an attack made, if everyone sees it."""
    for line in Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()[1:]:
        found, number = line.split()[:2]
        if int(found) == key:
            return int(number)
    return None


def _status(pid: int) -> str:
    """The state of a process as the kernel abbreviates it, "" when there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return ""
