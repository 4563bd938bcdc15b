"""Releases in a process: `python -m tests.release.release_process HOME`.

Reads the id of an output per line, prints "ready", waits for a line, releases and prints what came of it.
"""

from __future__ import annotations

import sys
from pathlib import Path

from app.cli.jobs import casework_of
from app.domain.errors import SluiceError
from app.release.making import make_release
from app.review.voting import approval
from tests.jobs.deployment import open_again

here = open_again(Path(sys.argv[1]))
with casework_of(here.services) as casework:
    desk = here.desk(admit=casework.admit)
    for line in sys.stdin:
        proof = approval(here.store, line.strip())
        print("ready", flush=True)
        sys.stdin.readline()
        try:
            print("released", make_release(desk, here.actor("officer"), proof), flush=True)
        except SluiceError as error:
            print("refused", error.code, flush=True)
