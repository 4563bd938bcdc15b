"""A task without the classes of its rows: tables of a test, which are no files, have no numbered rows."""

from __future__ import annotations

import re
from dataclasses import replace

from sandbox.protocol import QueryTask

_OURS = re.compile(r"__[mnk]\d+|(members|classes)_\d+\.parquet")


def unplaced(task: QueryTask) -> QueryTask:
    return replace(
        task,
        steps=tuple(s for s in task.steps if not _OURS.fullmatch(s.table)),
        exports=tuple(e for e in task.exports if not _OURS.fullmatch(e.file)),
    )
