"""Does a process die with its zygote, also in the moments in which the kernel has called that off?"""

from __future__ import annotations

import os
import signal
import socket
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

import sandbox.launcher as launcher_module
from sandbox.process import Zygote
from sandbox.protocol import encode
from sandbox.wire import MAX_FACT, Order
from tests.sandbox.conftest import query

SLOW = """
import sys; sys.path[:0] = sys.argv[1:3]
import os, time
import sandbox.confine as confine
def slowly(step):
    def go(*arguments, **more):
        step(*arguments, **more)
        time.sleep(1)
    return go
confine.{step} = slowly(confine.{step})
from sandbox.__main__ import main; sys.exit(main(sys.argv[3:]))
"""
STEP = "_become_own_user" if os.geteuid() == 0 else "_own_user_namespace"
"""After this step of the walls the kernel no longer sends the signal that was asked for."""


@pytest.mark.parametrize("step", ["_leave_parent", STEP])
def test_a_process_dies_with_its_zygote_while_its_walls_are_built(
    table: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    monkeypatch.setattr(launcher_module, "_BOOT", SLOW.format(step=step))
    zygote = Zygote(launcher_module._start_program)
    scratch.mkdir()
    order = Order(scratch=str(scratch), begun=time.monotonic(), require_isolation=False, wants_progress=False)
    with ExitStack() as stack:
        _, control = zygote._submit(order, encode(query(table, "SELECT 1 AS a")), stack)
        _, (handle,), _, _ = socket.recv_fds(control, MAX_FACT, 1)
        stack.callback(os.close, handle)
        time.sleep(0.5)
        zygote.close()
        deadline = time.monotonic() + 30
        while _lives(handle):
            assert time.monotonic() < deadline, "an orphan lives on"
            time.sleep(0.05)
    assert list(scratch.iterdir()) in ([], [scratch / ".root"])


def _lives(handle: int) -> bool:
    try:
        signal.pidfd_send_signal(handle, 0)
    except ProcessLookupError:
        return False
    return True
