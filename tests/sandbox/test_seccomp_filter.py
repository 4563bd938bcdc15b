"""Does the filter decide rightly for both processor families? A small interpreter runs the BPF program."""

from __future__ import annotations

import errno
import struct

import pytest

from sandbox.seccomp import AARCH64, ALLOW, FAIL, KILL, TABLES, X86_64, Table, program

OWN = 4242
DENIED = FAIL | errno.EPERM
BOTH = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES.keys())


def decide(code: bytes, number: int, arguments: tuple[int, ...] = (), *, audit: int) -> int:
    """What the kernel would do with this call."""
    padded = (*arguments, *([0] * (6 - len(arguments))))
    data = struct.pack("<IIQ6Q", number, audit, 0, *(a & (1 << 64) - 1 for a in padded))
    steps = list(struct.iter_unpack("HBBI", code))
    accumulator = place = 0
    while True:
        operation, yes, no, value = steps[place]
        place += 1
        if operation == 0x06:
            return int(value)
        if operation == 0x20:
            (accumulator,) = struct.unpack_from("<I", data, value)
            continue
        tests = {0x15: accumulator == value, 0x35: accumulator >= value, 0x45: bool(accumulator & value)}
        place += yes if tests[operation] else no


def ask(table: Table, name: str, *arguments: int) -> int:
    numbers = table.allowed | table.killed | table.guarded
    return decide(program(table, OWN), numbers[name], arguments, audit=table.audit)


@BOTH
def test_listed_calls_pass_and_dangerous_ones_kill(table: Table) -> None:
    assert {ask(table, name) for name in table.allowed} == {ALLOW}
    assert {ask(table, name) for name in table.killed} == {KILL}


@BOTH
def test_every_unknown_call_fails(table: Table) -> None:
    known = {*table.allowed.values(), *table.killed.values(), *table.guarded.values()}
    code = program(table, OWN)
    assert {decide(code, n, audit=table.audit) for n in range(600) if n not in known} == {DENIED}


@BOTH
def test_no_call_is_listed_twice(table: Table) -> None:
    numbers = [*table.allowed.values(), *table.killed.values(), *table.guarded.values()]
    assert len(set(numbers)) == len(numbers)


@BOTH
def test_another_architecture_is_killed(table: Table) -> None:
    other = AARCH64 if table is X86_64 else X86_64
    assert decide(program(table, OWN), table.allowed["read"], audit=other.audit) == KILL
    assert decide(program(table, OWN), 0x40000000 | table.allowed["read"], audit=table.audit) == KILL


@BOTH
@pytest.mark.parametrize(
    ("name", "arguments", "expected"),
    [
        ("mmap", (0, 4096, 3), ALLOW),
        ("mmap", (0, 4096, 7), DENIED),
        ("mprotect", (0, 4096, 1), ALLOW),
        ("mprotect", (0, 4096, 5), DENIED),
        ("clone", (0x10000 | 0x11,), ALLOW),
        ("clone", (0x11,), KILL),
        ("clone3", (), FAIL | errno.ENOSYS),
        ("prctl", (15,), ALLOW),
        ("prctl", (4, 1), DENIED),
        ("kill", (OWN, 0), ALLOW),
        ("kill", (1, 9), DENIED),
        ("kill", (-1, 9), DENIED),
        ("tgkill", (OWN, OWN, 6), ALLOW),
        ("tgkill", (1, 1, 9), DENIED),
        ("prlimit64", (0, 7, 0), ALLOW),
        ("prlimit64", (0, 7, 1), DENIED),
        ("prlimit64", (0, 7, 1 << 32), DENIED),
        ("ioctl", (1, 0x5401), FAIL | errno.ENOTTY),
        ("ioctl", (1, 0x5412), DENIED),
        ("fcntl", (3, 3), ALLOW),
        ("fcntl", (3, 0), ALLOW),
        ("fcntl", (3, 7), ALLOW),
        ("fcntl", (3, 1030), ALLOW),
        ("fcntl", (3, 1024), DENIED),
        ("fcntl", (3, 1026), DENIED),
        ("fcntl", (3, 8), DENIED),
        ("fcntl", (3, 10), DENIED),
        ("sched_setaffinity", (0, 8), ALLOW),
        ("sched_setaffinity", (1, 8), DENIED),
    ],
)
def test_guarded_calls_depend_on_their_arguments(
    table: Table, name: str, arguments: tuple[int, ...], expected: int
) -> None:
    assert ask(table, name, *arguments) == expected
