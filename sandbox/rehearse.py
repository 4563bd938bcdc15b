"""What would a text answer on rows that look like the data? Synthetic rows from declarations; no real value is here."""

from __future__ import annotations

from sandbox.engine import Place
from sandbox.protocol import Answer, RehearseTask
from sandbox.stages import Failed, Run


def rehearse_place(task: RehearseTask, scratch: str) -> Place:
    """The files of a rehearsal: the operator's own tables to read, none to write."""
    return Place(scratch=scratch, readable=tuple(dict.fromkeys(view.path for view in task.views)), writable=())


def run_rehearse(task: RehearseTask, run: Run) -> Answer:
    """Run the text of `task` on synthetic rows. Raises `Failed`."""
    raise Failed("task-malformed")
