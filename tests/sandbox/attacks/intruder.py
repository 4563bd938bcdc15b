"""What does a process do that has been taken over? In place of its task it acts out the attack that the task names."""

from __future__ import annotations

import errno
import json
import re

import sandbox.child
from sandbox.__main__ import main as serve
from sandbox.protocol import Answer, QueryTask, Task
from sandbox.stages import Report, Stages
from sandbox.wire import Order
from tests.sandbox.attacks.attack import DONE, Ground, Native
from tests.sandbox.attacks.families import ATTACKS

BOOT = (
    "import sys; sys.path[:0] = sys.argv[1:3];"
    "from tests.sandbox.attacks.intruder import main; sys.exit(main(sys.argv[3:]))"
)
_ACTS = {attack.name: attack.how.act for attack in ATTACKS if isinstance(attack.how, Native)}
_UNSPEAKABLE = re.compile(r"[^\w:.@/ -]")


def task_of(name: str, ground: Ground) -> tuple[str, str]:
    """The export and the step with which a task tells the process what to do and where."""
    return f"SELECT '{name}' AS attack", f"SELECT '{ground.text()}' AS ground"


def main(arguments: list[str]) -> int:
    """Serve as the zygote of processes that have been taken over."""
    sandbox.child._run = _act
    return serve(arguments)


def _act(task: Task, order: Order, stages: Stages, report: Report | None) -> Answer:
    assert isinstance(task, QueryTask)
    name, ground = (text.split("'", 1)[1].rsplit("'", 1)[0] for text in (task.exports[0].sql, task.steps[0].sql))
    try:
        said: object = _ACTS[name](Ground(**json.loads(ground)))
    except OSError as error:
        said = errno.errorcode.get(error.errno or 0, type(error).__name__)
    except (ValueError, RuntimeError, MemoryError, RecursionError) as error:
        said = type(error).__name__
    if isinstance(said, Answer):
        return said
    word = _UNSPEAKABLE.sub(".", said)[:160] if isinstance(said, str) else DONE
    return Answer(status="failed", code="engine-error", step=word)
