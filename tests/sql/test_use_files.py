"""Is each use permitted or refused where an analyst makes it, at that place and by that rule? One file per text.

`allowed/KIND/*.sql` begin with `-- allowed: dataset.field use @line:column`: the text makes that use there, and all
that it does is permitted. `refused/KIND/*.sql` begin with `-- refused: CODE dataset.field use @line:column [rule]`:
the text is refused for that use there, and for nothing else but what `-- also:` lines name. The next line says what
the case is about. Lines and columns are those of the whole file. KIND is the kind of use, with `-` for `:`; the tables
and what the operator holds stand in `bureau/`.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from app import config
from app.catalog.manifest import entry_of
from app.catalog.mounting import described
from app.domain.errors import Finding, Refusal
from app.domain.values import USE_KINDS, Decision
from app.engine import Engine
from app.lint import Draft, Linted, lint
from app.policy.conditions import Context
from app.policy.decision import TRIAL
from app.policy.grants import Uses, collect
from app.policy.rules import NO_MATCH
from app.policy.snapshot import snapshot
from app.policy.uses_file import load_uses
from app.query.analysis import understand
from app.workflow import Question, permit
from sandbox.launcher import Launcher

HERE = Path(__file__).parent
KINDS = ("aggregate", *(kind.replace(":", "-") for kind in USE_KINDS))
CATALOG = tomllib.loads((HERE / "bureau" / "catalog.toml").read_text(encoding="utf-8"))
DATASETS = tuple(described(entry_of(HERE / "bureau", entry)) for entry in CATALOG["dataset"])
HELD = load_uses(HERE / "bureau" / "held.toml", DATASETS)
CONTEXT = Context(now=datetime(2026, 11, 25, 2, 0, tzinfo=UTC))
EXPECTED = re.compile(
    r"^-- (?P<verdict>allowed|refused|also): ((?P<code>use-\S+) )?(?P<dataset>\w+)\.(?P<field>\w+) (?P<use>\S+)"
    r" @(?P<line>\d+):(?P<column>\d+)( \[(?P<rule>\S+)\])?$"
)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """One use at its place; of a refused one, also with which code and by which rule."""

    use: tuple[str, str, str]
    place: tuple[int, int]
    refused_by: tuple[str, str] | None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One file: its text, and the uses that its first lines expect."""

    file: Path
    sql: str
    verdict: str
    expected: tuple[Expected, ...]

    @property
    def text(self) -> str:
        """What is asked, without comments, letter case and layout."""
        lines = (line for line in self.sql.splitlines() if not line.startswith("--"))
        return " ".join(" ".join(lines).lower().split())


def read_case(file: Path) -> Case:
    """The case of `file`; its first line must be an expectation."""
    sql = file.read_text(encoding="utf-8")
    said = [found for line in sql.splitlines() if (found := EXPECTED.match(line)) is not None]
    expected = tuple(
        Expected(
            use=(m["dataset"], m["field"], m["use"]),
            place=(int(m["line"]), int(m["column"])),
            refused_by=(m["code"], m["rule"]) if m["code"] else None,
        )
        for m in said
    )
    first = EXPECTED.match(sql.partition("\n")[0])
    return Case(file=file, sql=sql, verdict=first["verdict"] if first else "", expected=expected)


CASES = [read_case(file) for verdict in ("allowed", "refused") for file in sorted(HERE.glob(f"{verdict}/*/*.sql"))]


def cases(verdict: str) -> pytest.MarkDecorator:
    """The files of one folder, each a test of its own."""
    found = [c for c in CASES if c.file.parts[-3] == verdict]
    return pytest.mark.parametrize("case", found, ids=[f"{c.file.parts[-2]}-{c.file.stem}" for c in found])


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    settings = config.read()
    with Launcher() as launcher:
        yield Engine.load(settings.policies, launcher, require_isolation=settings.require_isolation)


def linted(engine: Engine, sql: str, held: Uses = HELD) -> Linted:
    return lint(engine, Draft(sql=sql, datasets=DATASETS, held=held, context=CONTEXT))


def refusals(engine: Engine, sql: str) -> tuple[Finding, ...]:
    """Which uses the operator is told when the text is submitted; that rows are rows of units is another matter."""
    understood = understand(sql, DATASETS, engine.functions)
    policy = snapshot(engine.standing, {TRIAL: HELD}, understood.datasets)
    question = Question(sql=sql, datasets=understood.datasets, policy=policy, authorization=TRIAL, context=CONTEXT)
    with pytest.raises(Refusal) as refused:
        permit(engine, question, understood)
    return tuple(finding for finding in refused.value.findings if finding.use)


def folder_of(expected: Expected) -> str:
    """The name of the folder for the kind of an expected use."""
    kind, _, rest = expected.use[2].partition(":")
    return kind if kind == "aggregate" or not rest else f"{kind}-{rest}"


def without(expected: Expected) -> Uses:
    """What is held, less whatever grants the expected use."""
    dataset, field, use = expected.use
    names = {use, "aggregate:*"} if use.startswith("aggregate:") else {use}
    return collect((d, f, u) for d, f, u in HELD if not (d == dataset and f in (field, "*") and u in names))


def told(finding: Finding) -> Expected:
    where = finding.position
    return Expected(
        use=(finding.dataset or "", finding.field or "", finding.use or ""),
        place=(where.line, where.column) if where else (0, 0),
        refused_by=(finding.code, finding.rule or ""),
    )


@cases("allowed")
def test_a_held_use_is_found_at_its_place_and_permitted(engine: Engine, case: Case) -> None:
    found = linted(engine, case.sql)
    made = {
        ((u.use.dataset, u.use.field, u.use.use), (u.use.position.line, u.use.position.column)): u.allowed
        for u in found.uses
        if u.use.position is not None
    }
    (expected,) = case.expected
    assert made.get((expected.use, expected.place)) is True, made
    assert found.permitted, [*found.findings, *found.missing]


@cases("allowed")
def test_without_that_right_the_text_is_not_permitted_and_asks_for_it_alone(engine: Engine, case: Case) -> None:
    (expected,) = case.expected
    found = linted(engine, case.sql, held=without(expected))
    assert (found.permitted, tuple(found.missing)) == (False, (expected.use,))


@cases("refused")
def test_a_refused_use_is_told_with_its_place_and_rule(engine: Engine, case: Case) -> None:
    assert Counter(map(told, refusals(engine, case.sql))) == Counter(case.expected)


@cases("refused")
def test_the_refused_use_is_all_that_stands_against_the_text(engine: Engine, case: Case) -> None:
    """Once granted, what was not held is permitted; what a rule forbids is not, whatever is granted."""
    asked = {e.use for e in case.expected}
    found = linted(engine, case.sql, held=collect([*HELD, *asked]))
    forbidden = {e.use for e in case.expected if e.refused_by != ("use-not-granted", NO_MATCH)}
    assert not found.missing.fields
    assert (found.decision is Decision.REFUSED, found.permitted) == (bool(forbidden), not forbidden)
    assert {(f.dataset, f.field, f.use) for f in found.findings if f.use} == forbidden


def test_every_text_is_sql_that_duckdb_understands_over_these_tables() -> None:
    with duckdb.connect() as connection:
        for dataset in DATASETS:
            columns = ", ".join(f"{field.name} {field.type}" for field in dataset.fields)
            connection.sql(f"CREATE TABLE {dataset.name} ({columns})")
        for case in CASES:
            connection.sql(case.sql)


@pytest.mark.parametrize("verdict", ["allowed", "refused"])
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_use_has_at_least_ten_texts(verdict: str, kind: str) -> None:
    listed = [c for c in CASES if c.file.parts[-3:-1] == (verdict, kind)]
    assert len(listed) >= 10
    for case in listed:
        assert case.verdict == verdict
        assert {folder_of(e) for e in case.expected} == {kind}
        assert all((e.refused_by is None) is (verdict == "allowed") for e in case.expected)


def test_both_ways_of_refusing_are_tried_for_every_kind_that_a_rule_forbids() -> None:
    codes = {
        k: {e.refused_by[0] for c in CASES if c.file.parts[-2] == k for e in c.expected if e.refused_by} for k in KINDS
    }
    assert codes.pop("link") == {"use-not-granted"}
    assert all(found == {"use-denied", "use-not-granted"} for found in codes.values())


def test_no_two_texts_are_equal() -> None:
    assert [text for text, times in Counter(c.text for c in CASES).items() if times > 1] == []
    assert {c.file.parts[-2] for c in CASES} == set(KINDS)
