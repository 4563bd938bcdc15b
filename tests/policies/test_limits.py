"""Is policies/limits.toml read strictly, and does what it says reach the tasks?"""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import pytest

from app.domain.errors import Invalid
from app.engine import Engine
from app.policy.limits import _MOST, _MOST_OF_ANY, FILE, KINDS, load_limits
from sandbox.decoding import decode_task
from sandbox.launcher import Launcher
from sandbox.protocol import MAX_ANSWER_BYTES, MAX_PAGE_ROWS, MAX_SQL_BYTES, InspectTask, Limits, encode

POLICIES = Path(__file__).parents[2] / "policies"
TEXT = (POLICIES / FILE).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine.load(POLICIES, Launcher(), require_isolation=True)


def refused(folder: Path, text: str) -> list[tuple[str, str]]:
    (folder / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        load_limits(folder)
    assert all(dict(f.params)["file"] == str(folder / FILE) for f in caught.value.findings)
    return [(f.code, dict(f.params)["key"]) for f in caught.value.findings]


def changed(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new, 1)


def test_every_kind_of_task_has_every_limit() -> None:
    limits = load_limits(POLICIES)
    assert tuple(limits) == KINDS
    assert all(isinstance(limits[kind], Limits) for kind in KINDS)


def test_every_number_says_where_it_comes_from() -> None:
    names = [f.name for f in fields(Limits)]
    lines = [line for line in TEXT.splitlines() if line.split(" = ")[0] in names]
    assert len(lines) == len(names) * len(KINDS)
    assert all("# [ours] " in line or "# [law] " in line or "# [practice] " in line for line in lines)


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ("cpu_seconds = 120", "cpu_secs = 120", "limits-missing-key", "query.cpu_seconds"),
        ("cpu_seconds = 120", "cpu_seconds = 120\nnice = 3", "limits-unknown-key", "query.nice"),
        ("[query]", "[qwery]", "limits-unknown-key", "qwery"),
        ("[query]", "[qwery]", "limits-missing-key", "query"),
        ("[query]", "speed = 3\n[query]", "limits-unknown-key", "speed"),
        ("cpu_seconds = 120", 'cpu_seconds = "120"', "limits-wrong-type", "query.cpu_seconds"),
        ("cpu_seconds = 120", "cpu_seconds = 120.5", "limits-wrong-type", "query.cpu_seconds"),
        ("cpu_seconds = 120", "cpu_seconds = true", "limits-wrong-type", "query.cpu_seconds"),
        ("[query]", "query = 3\n[qwery]", "limits-wrong-type", "query"),
        ("threads = 2", "threads = 0", "limits-not-positive", "query.threads"),
        ("wall_seconds = 60", "wall_seconds = -0.5", "limits-not-positive", "query.wall_seconds"),
        ("wall_seconds = 60", "wall_seconds = inf", "limits-not-positive", "query.wall_seconds"),
        ("wall_seconds = 60", "wall_seconds = nan", "limits-not-positive", "query.wall_seconds"),
        ("sql_bytes = 262144", f"sql_bytes = {MAX_SQL_BYTES + 1}", "limits-too-large", "query.sql_bytes"),
        ("threads = 2", "threads = 257", "limits-too-large", "query.threads"),
        ("cpu_seconds = 120", f"cpu_seconds = {1 << 53}", "limits-too-large", "query.cpu_seconds"),
    ],
)
def test_a_table_that_is_not_sound_is_refused_with_file_and_key(
    tmp_path: Path, old: str, new: str, code: str, key: str
) -> None:
    assert (code, key) in refused(tmp_path, changed(old, new))


def test_all_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    text = changed("threads = 2", "threads = 0").replace("sql_depth = 600", "deep = 600", 1)
    assert refused(tmp_path, text) == [
        ("limits-not-positive", "query.threads"),
        ("limits-missing-key", "query.sql_depth"),
        ("limits-unknown-key", "query.deep"),
    ]


@pytest.mark.parametrize("text", [None, "[query", "\ud800"])
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / FILE).write_text(text, encoding="utf-8", errors="surrogatepass")
    with pytest.raises(Invalid) as caught:
        load_limits(tmp_path)
    assert caught.value.code == "limits-unreadable"


def test_seconds_may_have_a_fraction(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(changed("wall_seconds = 60", "wall_seconds = 0.5"), encoding="utf-8")
    assert load_limits(tmp_path)["query"].wall_seconds == 0.5


def test_the_most_that_may_be_written_passes_the_door(tmp_path: Path) -> None:
    most = "\n".join(f"{f.name} = {_MOST.get(f.name, _MOST_OF_ANY)}" for f in fields(Limits))
    (tmp_path / FILE).write_text("\n".join(f"[{kind}]\n{most}" for kind in KINDS), encoding="utf-8")
    task = InspectTask(path="/result.parquet", offset=0, limit=1, limits=load_limits(tmp_path)["inspect"])
    assert decode_task(encode(task)) == task


def test_no_query_may_have_more_rows_than_an_output(engine: Engine) -> None:
    assert engine.limits["query"].result_rows == engine.rules.max_rows


def test_a_page_may_have_what_the_door_lets_through(engine: Engine) -> None:
    assert engine.limits["inspect"].result_rows == MAX_PAGE_ROWS
    assert engine.limits["inspect"].result_bytes == MAX_ANSWER_BYTES


def test_the_engine_reads_the_limits_once_and_nobody_can_change_them(engine: Engine) -> None:
    assert engine.limits["mount"] == load_limits(POLICIES)["mount"]
    with pytest.raises(TypeError):
        engine.limits["query"] = replace(engine.limits["query"], threads=64)  # type: ignore[index]
