"""What do reviewers and operators see of a report? Of the form of its schema, bounded, and nobody else's releases."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from app.disclosure.explained import histogram, rows_of, taken, verdicts_of
from app.domain.proofs import CellEvidence, CheckReport, ColumnLineage, FieldFlow, NearCell, TextFinding
from app.domain.report_json import from_json, to_json
from app.domain.report_view import MAX_PAGE, CellsAsked, Earlier, operators_view, reviewers_view
from app.domain.values import Decision, Level

SCHEMA = Draft202012Validator(json.loads(files("app.domain").joinpath("report.schema.json").read_text("utf-8")))
MINE, OTHERS, SECRET = "output-mine", "output-theirs", "rival-maps"
KNOWN = {
    MINE: Earlier(operator="maps", created_at="2026-10-01T08:00:00Z", released_at=None),
    OTHERS: Earlier(operator=SECRET, created_at="2026-09-30T08:00:00Z", released_at="2026-10-02T08:00:00Z"),
}


def cell(number: int, contributors: int, verdict: str = "safe") -> CellEvidence:
    return CellEvidence(
        frontier=0,
        cell=number,
        measure=None,
        unit="aircraft",
        contributors=contributors,
        exact=True,
        largest_share=None,
        verdict=verdict,
        rule="L2:contributors",
    )


CELLS = (
    *(cell(n, 5 + n) for n in range(30)),
    cell(30, 2, "few-contributors"),
    cell(31, 9, "all-same"),
    cell(32, 40, "near-released"),
)


def report(cells: tuple[CellEvidence, ...] = CELLS) -> CheckReport:
    return CheckReport(
        decision=Decision.CHECKED,
        reasons=(),
        level=Level.L2,
        plan_hash="ab" * 32,
        policy_version="policy-1",
        columns=(("maker", "VARCHAR"), ("n", "BIGINT")),
        rows=30,
        suppressed=2,
        stopped_by_firewall=3,
        cells=cells,
        table="result.parquet",
        segment="segment.npz",
        near=((MINE, 1), (OTHERS, 2)),
        near_cells=(
            NearCell(frontier=0, cell=32, measure=None, release=OTHERS, distance=3, rollup=False),
            NearCell(frontier=0, cell=32, measure=None, release=MINE, distance=4, rollup=True),
        ),
        texts=(
            TextFinding(column="maker", kind="plate", rows=4, of=30, verdict="identifier"),
            TextFinding(column="n", kind="bank-card", rows=1, of=30, verdict="chance"),
        ),
        histogram=histogram(rows_of(cells, 5), 5),
        taken=taken(verdicts_of(cells)),
        lineage=(
            ColumnLineage(column="maker", sources=(FieldFlow(dataset="aircraft", field="maker", use="group"),)),
            ColumnLineage(column=None, sources=(FieldFlow(dataset="aircraft", field="year", use="filter:range"),)),
        ),
    )


def both(found: CheckReport) -> list[dict[str, Any]]:
    return [reviewers_view(found, KNOWN), operators_view(found, KNOWN, "maps")]


def test_both_views_are_of_the_schema_also_of_a_report_that_was_kept() -> None:
    kept = from_json(to_json(report(), salt="s"))
    assert both(kept) == both(report())
    bare = replace(report(), near=(), near_cells=(), texts=(), histogram=(), taken=(), lineage=())
    for shown in [*both(kept), *both(bare)]:
        SCHEMA.validate(json.loads(json.dumps(shown)))


def test_what_only_reviewers_see_is_not_of_the_schema_for_operators() -> None:
    shown = reviewers_view(report(), KNOWN)
    assert not SCHEMA.is_valid({**shown, "audience": "operator"})
    assert not SCHEMA.is_valid({**operators_view(report(), KNOWN, "maps"), "audience": "reviewer"})


def test_a_reviewer_sees_which_release_when_and_how_near() -> None:
    shown = reviewers_view(report(), KNOWN, CellsAsked(verdict="near-released"))
    (found,) = shown["cells"]["items"]
    assert [(n["release"], n["operator"], n["distance"], n["rollup"]) for n in found["near"]] == [
        (OTHERS, SECRET, 3, False),
        (MINE, "maps", 4, True),
    ]
    assert found["near"][0]["released_at"].startswith("2026-10-02")
    assert "2026-10-02" in " ".join(s["zh"] for s in shown["summary"])


def test_an_operator_learns_of_other_operators_only_that_there_is_a_result() -> None:
    shown = operators_view(replace(report(), near=((MINE, 12), (OTHERS, 25))), KNOWN, "maps")
    text = json.dumps(shown)
    assert not [word for word in (OTHERS, SECRET, "2026-10-02", "2026-09-30", '"distance"') if word in text]
    assert [(n["release"], n["cells"]) for n in shown["near"]] == [(MINE, 10), (None, 20)]


def test_an_operator_is_not_told_whether_it_is_none_or_a_few() -> None:
    none, few, many = (replace(report(), near=(), suppressed=n, stopped_by_firewall=n) for n in (0, 9, 10))
    near = replace(none, near=((MINE, 4), (OTHERS, 9)))
    assert operators_view(none, KNOWN, "maps") == operators_view(few, KNOWN, "maps")
    assert operators_view(none, KNOWN, "maps") == operators_view(near, KNOWN, "maps")
    assert operators_view(many, KNOWN, "maps")["suppressed"] == 10
    assert reviewers_view(few, KNOWN)["suppressed"] == 9


def test_two_other_operators_look_like_one() -> None:
    third = {**KNOWN, "output-third": replace(KNOWN[OTHERS], operator="third")}
    one = operators_view(replace(report(), near=((OTHERS, 30),)), third, "maps")
    two = operators_view(replace(report(), near=((OTHERS, 10), ("output-third", 20))), third, "maps")
    assert one == two


def test_an_operator_sees_no_evidence_and_no_group_that_is_all_the_same() -> None:
    text = json.dumps(operators_view(report(), KNOWN, "maps"))
    secret = ("all-same", '"contributors":', "histogram", "chance", "largest_share")
    assert not [word for word in secret if word in text]


def test_worlds_that_differ_in_secret_values_alone_differ_for_the_operator_in_public_counts_alone() -> None:
    """In the other world one cell is dominated and another has more contributors: values of the evidence."""
    changed = (*CELLS[:-4], replace(CELLS[-4], contributors=77, largest_share=0.69), *CELLS[-3:])
    assert operators_view(report(changed), KNOWN, "maps") == operators_view(report(), KNOWN, "maps")
    assert reviewers_view(report(changed), KNOWN) != reviewers_view(report(), KNOWN)
    dominated = (*CELLS[:-4], replace(CELLS[-4], verdict="dominated", largest_share=0.9), *CELLS[-3:])
    one, other = (operators_view(report(c), KNOWN, "maps") for c in (CELLS, dominated))
    assert {key for key in one if one[key] != other[key]} == {"verdicts", "taken"}


@pytest.mark.parametrize(("offset", "limit", "items"), [(0, 10, 10), (30, 10, 3), (99, 10, 0), (0, -1, 0)])
def test_cells_come_in_pages_and_the_summary_speaks_of_all(offset: int, limit: int, items: int) -> None:
    shown = reviewers_view(report(), KNOWN, CellsAsked(offset=offset, limit=limit))
    assert (len(shown["cells"]["items"]), shown["cells"]["total"]) == (items, 33)
    assert sum(t["cells"] for t in shown["taken"]) == 33
    assert sum(bar["left"] + bar["kept"] for bar in shown["histogram"]) == 33


def test_no_page_is_longer_than_the_bound() -> None:
    many = tuple(cell(n, 9) for n in range(3 * MAX_PAGE))
    shown = reviewers_view(report(many), KNOWN, CellsAsked(limit=10 * MAX_PAGE))
    assert len(shown["cells"]["items"]) == MAX_PAGE


def test_a_histogram_counts_rows_once_by_what_stands_behind_them() -> None:
    bars = histogram(rows_of(CELLS, 5), 5)
    assert [(b.least, b.most, b.left, b.kept) for b in bars[:3]] == [(1, 4, 0, 1), (5, 9, 5, 1), (10, 24, 15, 0)]
    assert bars[-1].most is None


def test_sentences_are_there_in_both_languages_and_name_what_was_left_out() -> None:
    shown = reviewers_view(report(), KNOWN)
    zh, en = (" ".join(s[language] for s in shown["summary"]) for language in ("zh", "en"))
    assert "贡献者过少" in zh
    assert "1 cell may not leave: too few contributors stand behind it (rule L2:contributors)." in en
    assert "30 rows in 2 columns" in en
