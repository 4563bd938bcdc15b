"""Does each rule of a level keep back what it is about, and nothing else? Each is switched off beside it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from app import config
from app.disclosure import evidence
from app.disclosure.evidence import judge
from app.disclosure.rules import load_rules
from app.domain.errors import Broken
from app.domain.proofs import Taken
from app.domain.report_json import told
from app.domain.rules import CELL_RULES, LevelRule
from app.domain.values import Bilingual, Dataset, DatasetKind, Field, Level, Unit
from app.query.plan import make_plan
from app.workflow import authorize
from tests.sql.pipeline import ENGINE, Pipeline
from tests.sql.unplaced import unplaced

LAX = LevelRule(level=Level.L2, contributors=4, largest_share=None, p_percent=None, rounding_base=None, reviewers=1)
PERSONS = """
    SELECT i::UINTEGER AS person, hash(i) AS __tag_person, i % 3 AS zone, i % 3 = 1 OR i % 2 = 0 AS sick,
           CASE WHEN i = 0 THEN 900 WHEN i IN (1, 4) THEN 100 WHEN i = 2 THEN 260 ELSE 10 END AS income
    FROM range(60) t(i)
"""
"""Three zones of twenty. Of zone 0 one has 900 of 1,090; of zone 1 all are sick and two have 100 of 380; of zone 2 one
has 260 of 450."""
FIELDS = {"person": "UINTEGER", "zone": "BIGINT", "sick": "BOOLEAN", "income": "INTEGER"}


def _table(name: str, fields: dict[str, str], units: tuple[Unit, ...]) -> Dataset:
    level = Level.L2 if units else Level.L1
    return Dataset(
        name=name,
        code="1/01/001/0001",
        kind=DatasetKind.PUBLIC,
        provider="bureau",
        title=Bilingual(zh=name, en=name),
        fields=tuple(Field(name=n, type=t, level=level, label=Bilingual(zh=n, en=n)) for n, t in fields.items()),
        units=units,
        version="0" * 64,
        path=f"/vault/{name}",
        rows=60,
    )


@pytest.fixture(scope="module")
def pipeline() -> Pipeline:
    connection = duckdb.connect(config={"threads": 1})
    connection.execute(f"CREATE TABLE citizen AS {PERSONS}")
    connection.execute("CREATE TABLE place AS SELECT i AS zone FROM range(4) t(i)")
    unit = Unit(type="person", column="person", tag="__tag_person")
    return Pipeline(connection, (_table("citizen", FIELDS, (unit,)), _table("place", {"zone": "BIGINT"}, ())))


def verdicts(pipeline: Pipeline, sql: str, rule: LevelRule, folder: Path) -> dict[int, list[str]]:
    """Zone → the verdict on each of its measures."""
    grant = authorize(ENGINE, pipeline.question(sql))
    plan = make_plan(grant, rule, ENGINE.callable_functions(), ENGINE.limits["query"])
    pipeline.run(plan.task)
    for export in unplaced(plan.task).exports:
        pipeline.connection.execute(f"COPY ({export.sql}) TO '{folder / export.file}' (FORMAT parquet)")
    zones = dict(pipeline.connection.execute("SELECT cell, k0 FROM __f0").fetchall())
    found: dict[int, list[str]] = {}
    for cell in judge(plan, folder, {}).cells:
        if cell.measure is not None:
            found.setdefault(zones[cell.cell], []).append(cell.verdict)
    return found


INCOME = "SELECT zone, sum(income) FROM citizen GROUP BY zone"
SICK = "SELECT zone, count(*) FILTER (WHERE sick) FROM citizen GROUP BY zone"
SICK_TOO = "SELECT zone, count_if(sick) FROM citizen GROUP BY zone"
EMPTY = "SELECT p.zone, count(c.person) FROM place p LEFT JOIN citizen c ON c.zone = p.zone GROUP BY p.zone"

SWITCHED = {
    "few-contributors": (
        INCOME,
        {"contributors": 21},
        {0: "few-contributors", 1: "few-contributors", 2: "few-contributors"},
    ),
    "dominated": (INCOME, {"largest_share": 0.7}, {0: "dominated"}),
    "dominated by two": (INCOME, {"top_shares": ((2, 0.59),)}, {0: "dominated-by-few", 2: "dominated-by-few"}),
    "dominated by three": (
        INCOME,
        {"top_shares": ((3, 0.55),)},
        {0: "dominated-by-few", 1: "dominated-by-few", 2: "dominated-by-few"},
    ),
    "estimable": (INCOME, {"p_percent": 50}, {0: "estimable"}),
    "estimable more strictly": (INCOME, {"p_percent": 70}, {0: "estimable", 2: "estimable"}),
    "the first rule that is broken": (
        INCOME,
        {"largest_share": 0.7, "p_percent": 70},
        {0: "dominated", 2: "estimable"},
    ),
    "all the same": (SICK, {"all_same": False}, {1: "all-same"}),
    "all the same, counted": (SICK_TOO, {"all_same": False}, {1: "all-same"}),
}


@pytest.mark.parametrize("name", SWITCHED)
def test_a_rule_keeps_back_what_it_is_about_and_only_while_it_is_on(
    pipeline: Pipeline, tmp_path: Path, name: str
) -> None:
    sql, numbers, kept_back = SWITCHED[name]
    on = verdicts(pipeline, sql, replace(LAX, **numbers), tmp_path)  # type: ignore[arg-type]
    assert on == {zone: [kept_back.get(zone, "safe")] for zone in range(3)}
    assert verdicts(pipeline, sql, LAX, tmp_path) == {zone: ["safe"] for zone in range(3)}


def test_a_place_where_nobody_is_leaves_only_with_zeros(pipeline: Pipeline, tmp_path: Path) -> None:
    assert verdicts(pipeline, EMPTY, LAX, tmp_path)[3] == ["few-contributors"]
    assert verdicts(pipeline, EMPTY, replace(LAX, zeros=True), tmp_path)[3] == ["safe"]
    few = EMPTY.replace("c.zone = p.zone", "c.zone = p.zone AND c.income > 10")
    assert verdicts(pipeline, few, replace(LAX, zeros=True), tmp_path)[0] == ["few-contributors"]


def test_every_verdict_has_words_in_both_languages_and_a_number_in_the_policy() -> None:
    names = [rule.verdict for rule in CELL_RULES]
    assert names[0] == "safe"
    assert len({*names}) == len(names)
    for rule in CELL_RULES:
        assert rule.text.zh
        assert rule.text.en
        assert hasattr(LAX, rule.key)


def test_an_operator_is_not_told_that_everyone_is_the_same() -> None:
    taken = (
        Taken(verdict="all-same", rule="L3:all_same", cells=20),
        Taken(verdict="few-contributors", rule="L3:contributors", cells=11),
        Taken(verdict="dominated", rule="L3:largest_share", cells=9),
        Taken(verdict="safe", rule="L3:contributors", cells=5),
    )
    assert told(taken) == (
        Taken(verdict="few-contributors", rule="L3:contributors", cells=30),
        Taken(verdict="safe", rule="L3:contributors", cells=5),
    )


def test_a_report_of_very_many_cells_lists_first_what_may_not_leave(
    pipeline: Pipeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grant = authorize(ENGINE, pipeline.question(INCOME))
    strict = replace(LAX, largest_share=0.7)
    plan = make_plan(grant, strict, ENGINE.callable_functions(), ENGINE.limits["query"])
    pipeline.run(plan.task)
    for export in unplaced(plan.task).exports:
        pipeline.connection.execute(f"COPY ({export.sql}) TO '{tmp_path / export.file}' (FORMAT parquet)")
    whole = judge(plan, tmp_path, {})
    assert [c.verdict for c in whole.cells].count("dominated") == 1
    assert len(whole.cells) == 6
    monkeypatch.setattr(evidence, "MAX_CELLS", 3)
    part = judge(plan, tmp_path, {})
    safe = [c for c in whole.cells if c.verdict == "safe"][:2]
    assert part.cells == tuple(c for c in whole.cells if c in safe or c.verdict != "safe")
    assert (part.verdicts, part.rows) == (whole.verdicts, whole.rows)


def _policies(folder: Path, old: str, new: str) -> Path:
    text = (config.read({}).policies / "disclosure.toml").read_text(encoding="utf-8")
    assert old in text
    (folder / "disclosure.toml").write_text(text.replace(old, new), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "wrong",
    ["{ n = 1, share = 0.85 }", "{ n = 2, share = 1.5 }", "{ n = 2 }", "2", "{ n = 2.0, share = 0.5 }"],
)
def test_a_share_of_several_that_is_none_is_refused(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(Broken) as error:
        load_rules(_policies(tmp_path, "{ n = 2, share = 0.85 }", wrong))
    assert error.value.code == "disclosure-rules"


def test_a_stricter_level_is_never_laxer() -> None:
    levels = load_rules(config.read({}).policies).levels
    for lax, strict in zip((Level.L2, Level.L3), (Level.L3, Level.L4), strict=True):
        a, b = levels[lax], levels[strict]
        assert b.contributors >= a.contributors
        assert (b.largest_share or 1) <= (a.largest_share or 1)
        assert (b.p_percent or 0) >= (a.p_percent or 0)
        assert b.all_same <= a.all_same
        assert b.zeros <= a.zeros
        assert len(b.top_shares) >= len(a.top_shares)
