"""Does what policies/limits.toml says of a query hold for it, and is each limit told by a code of its own?"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from app import config
from app.disclosure.history import folder_history
from app.domain.errors import Invalid
from app.engine import Engine
from app.policy.limits import FILE
from app.workflow import evaluate
from tests.sql.ask import Desk, desk
from tests.sql.tables import PROTECTED, write

COUNT = "select clinic, count(*) n from visit group by clinic"
PAIRS = "select clinic, count(*) n from visit, area a, area b, area c, area d, area e group by clinic"
SORTED = (
    "select a.label, b.label from area a, area b, area c, area d, area e, area f order by f.label || e.label || "
    f"d.label || c.label || b.label || a.label limit 29 offset {12**6 - 29}"
)
"""Three million long texts sorted, the last of them shown."""


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with desk(write(tmp_path_factory.mktemp("limited"), PROTECTED)) as found:
        yield found


def limited(asked: Desk, folder: Path, limit: str, value: float) -> Engine:
    """The engine under the shipped policies, with one limit of queries written differently."""
    policies = shutil.copytree(config.read().policies, folder / "policies")
    text = (policies / FILE).read_text(encoding="utf-8")
    changed = re.sub(rf"(?m)^{limit} = [0-9.]+", f"{limit} = {value}", text, count=1)
    assert changed != text
    (policies / FILE).write_text(changed, encoding="utf-8")
    return Engine.load(policies, asked.engine.launcher, require_isolation=True)


@pytest.mark.parametrize(
    ("limit", "value", "sql", "code"),
    [
        ("wall_seconds", 0.3, PAIRS, "limit-wall"),
        ("cpu_seconds", 1, PAIRS.replace(" group", ", area f, area g group"), "limit-cpu"),
        ("memory_bytes", 1 << 20, COUNT, "limit-memory"),
        ("result_rows", 3, COUNT, "limit-rows"),
        ("result_bytes", 100, COUNT, "limit-bytes"),
        ("sql_bytes", 100, COUNT, "limit-sql"),
        ("sql_depth", 5, COUNT, "limit-sql"),
    ],
)
def test_a_query_that_hits_a_limit_of_the_file_ends_with_its_code(
    asked: Desk, tmp_path: Path, limit: str, value: float, sql: str, code: str
) -> None:
    engine = limited(asked, tmp_path, limit, value)
    folder = tmp_path / "run"
    with pytest.raises(Invalid) as caught:
        evaluate(engine, asked.question(sql), folder_history(tmp_path / "none"), folder)
    assert caught.value.code == code
    assert caught.value.findings[0].remedy().en
    assert not list(folder.iterdir())


def test_a_query_that_is_larger_than_its_memory_spills_and_ends(asked: Desk, tmp_path: Path) -> None:
    engine = limited(asked, tmp_path, "memory_bytes", 192 << 20)
    found = evaluate(engine, asked.question(SORTED), folder_history(tmp_path / "none"), tmp_path / "run")
    assert found.report.rows == 29
    assert found.result.usage["spill_bytes"] > 0


def test_a_query_that_spills_beyond_its_scratch_ends_with_its_code(asked: Desk, tmp_path: Path) -> None:
    engine = limited(asked, tmp_path, "memory_bytes", 192 << 20)
    few = replace(engine.limits["query"], scratch_bytes=8 << 20)
    with pytest.raises(Invalid) as caught:
        evaluate(
            replace(engine, limits={**engine.limits, "query": few}),
            asked.question(SORTED),
            folder_history(tmp_path / "none"),
            tmp_path / "run",
        )
    assert caught.value.code == "limit-scratch"


def test_the_hash_of_a_plan_tells_which_limits_held(asked: Desk, tmp_path: Path) -> None:
    hashes = set()
    for number, threads in enumerate((1, 2, 2)):
        engine = limited(asked, tmp_path / str(number), "cpu_seconds", 100 + threads)
        found = evaluate(engine, asked.question(COUNT), folder_history(tmp_path / "none"), tmp_path / f"run{number}")
        assert found.plan.task.limits == engine.limits["query"]
        hashes.add(found.plan.hash)
    assert len(hashes) == 2
