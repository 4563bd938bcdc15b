"""Attacks that talk to somebody: over the network, over local sockets, through shared memory."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

from sandbox.confine import LANDLOCK, NAMESPACES, OWN_ROOT, SECCOMP
from tests.sandbox.attacks.aftermath import Sign, changes, done
from tests.sandbox.attacks.attack import DIED, REFUSED, Attack, Ground, Native, Sql, stacked
from tests.sandbox.attacks.kernel import NUMBERS, call

_NOBODY = "ECONNREFUSED|ENETUNREACH"


def _connect(family: int, address: object) -> None:
    with socket.socket(family) as one:
        one.settimeout(2)
        one.connect(address)  # type: ignore[arg-type]
        time.sleep(0.02)


def _send(ground: Ground) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"x", ("127.0.0.1", ground.datagrams))
        time.sleep(0.02)


def _share_memory(ground: Ground) -> None:
    call("shmget", ground.shared, 4096, 0o1666)


_ACTS: dict[str, tuple[Callable[[Ground], object], dict[str, str], Sign]] = {
    "TCP": (
        lambda g: _connect(socket.AF_INET, ("127.0.0.1", g.port)),
        {SECCOMP: DIED, NAMESPACES: _NOBODY, LANDLOCK: "EACCES"},
        changes("connected"),
    ),
    "UDP": (_send, {SECCOMP: DIED, NAMESPACES: "ENETUNREACH"}, changes("connected")),
    "connecting by path": (
        lambda g: _connect(socket.AF_UNIX, g.socket),
        {SECCOMP: DIED, OWN_ROOT: "ENOENT"},
        changes("connected"),
    ),
    "connecting by abstract name": (
        lambda g: _connect(socket.AF_UNIX, f"\0{g.abstract}"),
        {SECCOMP: DIED, NAMESPACES: "ECONNREFUSED", LANDLOCK: "EPERM"},
        changes("connected"),
    ),
    "listening on TCP": (
        lambda _: socket.create_server(("127.0.0.1", 0)).close(),
        {SECCOMP: DIED, LANDLOCK: "EACCES"},
        done,
    ),
    "socket": (lambda _: socket.socket().close(), {SECCOMP: DIED}, done),
    "datagram socket": (lambda _: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close(), {SECCOMP: DIED}, done),
    "unconnected local socket": (lambda _: socket.socket(socket.AF_UNIX).close(), {SECCOMP: DIED}, done),
    "netlink": (lambda _: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(), {SECCOMP: DIED}, done),
    "pair of sockets": (lambda _: socket.socketpair(), {SECCOMP: DIED}, done),
    "interfaces": (lambda _: socket.if_nameindex(), {SECCOMP: DIED}, done),
}
_REFUSED = {
    "TCP from the engine": "SELECT * FROM read_text('http://127.0.0.1:<port>/x')",
    "TLS from the engine": "SELECT * FROM read_parquet('https://127.0.0.1:<port>/x.parquet')",
    "object store from the engine": "SELECT * FROM read_csv('s3://127.0.0.1:<port>/x.csv')",
    "database from the engine": "SELECT * FROM postgres_scan('host=127.0.0.1 port=<port>', 'public', 't')",
}

ATTACKS = (
    *(
        Attack(name=n, how=Native(act=act), walls=walls, through=sign, landlock_abi=6)
        for n, (act, walls, sign) in _ACTS.items()
    ),
    *(
        (
            Attack(
                name="shared memory",
                how=Native(act=_share_memory),
                walls={SECCOMP: DIED, NAMESPACES: "done"},
                through=changes("shared memory"),
            ),
        )
        if "shmget" in NUMBERS
        else ()
    ),
    *(Attack(name=n, how=Sql(sql=sql), ends=REFUSED) for n, sql in _REFUSED.items()),
    Attack(
        name="copy to the network",
        how=Sql(steps=(stacked("COPY v TO 'http://127.0.0.1:<port>/x.csv'"),)),
        ends=REFUSED,
    ),
)
