"""Are small values of a key merged as the catalog declares, by who is in which cell alone, in step with the rest?"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from app.domain.report_json import from_json, to_json
from app.domain.report_view import operators_view, reviewers_view
from app.domain.report_words import repair_sentences
from app.domain.values import REPAIRS, Decision
from app.engine import Engine
from app.trial import Outcome, Trial, run_trial
from tests.disclosure.repair_world import CATALOG, STATIONS, engine, rows, write_world

BY_STATION = "select station, count(*) as n from trip group by station"
EAST, G3 = "East · 其他/other", "G3 · 其他/other"
KEPT = {station: 2 * people for station, people in STATIONS.items() if people >= 5}
"""Two trips of each person; the thresholds of the level ask for five persons."""
MERGED = KEPT | {EAST: 12, G3: 10}


@pytest.fixture(scope="module")
def allowing() -> Iterator[Engine]:
    with engine() as found:
        yield found


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_world(tmp_path_factory.mktemp("town"))


def tried(allowing: Engine, town: Path, sql: str, repair: str | None = "merge", **more: Any) -> Outcome:
    trial = Trial(catalog=town, sql=sql, repair=repair, **more)
    return run_trial(allowing, trial, lambda: datetime(2026, 11, 25, tzinfo=UTC))


def counted(found: Outcome) -> dict[Any, Any]:
    """First column → last column."""
    assert found.decision is Decision.CHECKED, found.refusals
    return {next(iter(r.values())): list(r.values())[-1] for r in found.rows}


# -- hierarchies


def test_values_with_few_people_climb_until_there_are_enough_and_the_others_stay(allowing: Engine, town: Path) -> None:
    found = tried(allowing, town, BY_STATION)
    assert counted(found) == MERGED
    assert sum(MERGED.values()) == 2 * sum(STATIONS.values())
    assert found.report is not None
    assert found.report.suppressed == 0
    assert counted(tried(allowing, town, BY_STATION, None)) == KEPT


def test_what_has_no_fellows_that_stay_is_called_all_of_its_level(allowing: Engine, town: Path) -> None:
    few = f"{BY_STATION.replace('group', 'where station not in (%s) group')}"
    found = counted(tried(allowing, town, few % "'G3-1', 'G3-2', 'G3-3'"))
    assert found == {k: v for k, v in MERGED.items() if not k.startswith("G3")} | {"G3 · 全部/all": 10}


def test_above_the_last_field_there_are_all_others(allowing: Engine, town: Path) -> None:
    few = f"{BY_STATION.replace('group', 'where station not in (%s) group')}"
    found = counted(tried(allowing, town, few % "'G2-0', 'G3-9'"))
    assert found == KEPT | {"其他/other": 12}, "three people of each region are too few for one of it"
    last = tried(allowing, town, few % "'G2-0', 'G3-0', 'G3-9'")
    assert counted(last) == KEPT, "three people are too few for anything"
    assert last.report is not None
    assert last.report.suppressed == 1


@pytest.mark.parametrize(
    "sql",
    [
        "with t as (select station as s, person from trip where age > 1) select s, count(*) as n from t group by s",
        "select x.s, count(*) as n from (select station as s from trip) x group by x.s having count(*) > 0",
        "select s, n from (select station as s, count(*) as n, rank() over (order by count(*)) from trip group by 1) t",
    ],
)
def test_keys_are_followed_through_queries(allowing: Engine, town: Path, sql: str) -> None:
    assert counted(tried(allowing, town, sql)) == MERGED


def test_a_list_that_decides_which_rows_count_keeps_its_values(allowing: Engine, town: Path) -> None:
    listed = "select station from trip where age < 90 group by station having count(*) > 0"
    found = tried(allowing, town, f"{BY_STATION.replace('group', f'where station in ({listed}) group')}")
    assert counted(found) == KEPT


def test_every_cell_with_a_second_key_has_enough_people(allowing: Engine, town: Path) -> None:
    found = tried(allowing, town, "select station, sex, count(*) as n from trip group by station, sex")
    assert found.report is not None
    assert found.report.suppressed == 0
    assert all(c.contributors >= 5 for c in found.report.cells)
    assert sum(r["n"] for r in found.rows) == 2 * sum(STATIONS.values())


def test_a_policy_may_keep_values_of_which_most_people_are_in_cells_that_pass(allowing: Engine, town: Path) -> None:
    lax = replace(allowing, repairs={**allowing.repairs, "merge": replace(allowing.repairs["merge"], passing=0.5)})
    sql = "select station, case when age > 73 then 'old' else 'young' end as a, count(*) as n from trip group by 1, 2"
    kept, strict = ({r["station"] for r in tried(e, town, sql).rows} for e in (lax, allowing))
    assert set(KEPT) <= kept
    assert not set(KEPT) <= strict


# -- bands


def test_a_whole_column_of_numbers_goes_to_the_finest_bands_that_pass(allowing: Engine, town: Path) -> None:
    west = "select age, count(*) as n from trip where region = 'West' group by age order by age"
    found = counted(tried(allowing, town, west))
    ages = [r[5] for r in rows() if r[3] == "West"]
    assert found == {
        low: sum(low <= a < high for a in ages)  # type: ignore[operator]  # ages are numbers
        for low, high in ((0, 18), (18, 40), (40, 65), (65, 99))
    }


def test_days_become_months_where_days_have_too_few(allowing: Engine, town: Path) -> None:
    few = "select day, count(*) as n from trip where station in ('G1-0', 'G1-1') group by day"
    found = counted(tried(allowing, town, few))
    assert {str(day)[5:] for day in found} == {"01-01", "02-01", "07-01"}
    whole = counted(tried(allowing, town, "select day, count(*) as n from trip group by day"))
    assert len(whole) > 50, "where every day has enough, days stay"


# -- in step with the rest


def test_margins_are_those_of_the_same_labels(allowing: Engine, town: Path) -> None:
    sql = "select station, sex, count(*) as n from trip group by rollup(station, sex)"
    found = tried(allowing, town, sql)
    cells = {(r["station"], r["sex"]): r["n"] for r in found.rows}
    labels = {s for s, x in cells if x is not None}
    assert {s for s, x in cells if x is None} == {*labels, None}
    for label in labels:
        assert cells[label, None] == cells[label, "m"] + cells[label, "f"]
    assert cells[None, None] == sum(cells[label, None] for label in labels) == 2 * sum(STATIONS.values())


def test_a_total_in_a_query_of_its_own_is_a_margin_of_merged_cells(allowing: Engine, town: Path) -> None:
    sql = "select station, count(*) as n from trip group by station union all select 'all', count(*) from trip"
    assert counted(tried(allowing, town, sql)) == MERGED | {"all": 2 * sum(STATIONS.values())}


def test_asked_again_the_answer_is_the_same_and_nothing_is_stopped(
    allowing: Engine, town: Path, tmp_path: Path
) -> None:
    found = [tried(allowing, town, sql, history=tmp_path / "h") for sql in (BY_STATION, f"{BY_STATION} order by n")]
    assert [counted(f) for f in found] == [MERGED, MERGED]
    assert [f.report.stopped_by_firewall for f in found if f.report] == [0, 0]


def test_the_firewall_sees_merged_cells_as_any_others(allowing: Engine, town: Path, tmp_path: Path) -> None:
    assert counted(tried(allowing, town, BY_STATION, history=tmp_path / "h")) == MERGED
    beside = "select count(*) as n from trip where station in ('G1-0', 'G1-1')"
    found = tried(allowing, town, beside, None, history=tmp_path / "h")
    assert counted(found) == {}, "less the cell of G1-1, it is about the three people of G1-0"
    assert set(counted(tried(allowing, town, beside, None, history=tmp_path / "other"))) == {86}
    pool = "select count(*) as n from trip where station in ('G1-0', 'G2-0') and age < 11"
    assert counted(tried(allowing, town, pool, None, history=tmp_path / "h")) == {}, "less the cell of all others"


def test_what_climbs_hangs_on_who_is_where_and_on_no_measure(allowing: Engine, town: Path, tmp_path: Path) -> None:
    sql = "select station, avg(income) as n, sum(fee), count(income) from trip group by station"
    other = write_world(tmp_path / "other")
    with (other / "trip.csv").open("w", newline="", encoding="utf-8") as file:
        head = ["person", "station", "road", "region", "sex", "age", "day", "fee", "income"]
        csv.writer(file).writerows([head, *([*r[:7], 50, "" if r[0] == 1 else 5] for r in rows())])
    seen = [{r["station"] for r in tried(allowing, place, sql).rows} for place in (other, town)]
    assert seen == [{*KEPT, "其他/other"}] * 2, "of incomes, more people are asked for"


def test_a_reproducible_run_gives_the_same(allowing: Engine, town: Path) -> None:
    assert counted(tried(allowing, town, BY_STATION, reproducible=True)) == MERGED


# -- who may, and what is told


def test_labels_of_coarser_fields_take_rights_of_their_own(allowing: Engine, town: Path, tmp_path: Path) -> None:
    uses = tmp_path / "uses.toml"
    uses.write_text('[uses.trip]\nstation = ["group"]\nroad = ["group"]\n"*" = ["aggregate:count"]\n', encoding="utf-8")
    found = tried(allowing, town, BY_STATION, uses=uses)
    (finding,) = found.refusals
    assert (finding.code, finding.field, finding.use) == ("use-not-granted", "region", "group")
    assert finding.position is not None
    assert (finding.position.line, finding.position.column) == (1, 8)
    assert tried(allowing, town, BY_STATION, None, uses=uses).decision is Decision.CHECKED


def test_without_a_rule_of_the_stewards_nothing_is_merged(town: Path) -> None:
    with engine(allowed=False) as strict:
        found = tried(strict, town, BY_STATION)
    assert [f.code for f in found.refusals] == ["repair-not-allowed"]


@pytest.mark.parametrize(
    ("sql", "place"),
    [
        ("select sex, count(*) from trip group by sex", (1, 41)),
        ("select upper(station), count(*) from trip group by upper(station)", (1, 52)),
        ("select count(*) from trip", None),
    ],
)
def test_what_has_nothing_to_be_merged_into_is_refused(
    allowing: Engine, town: Path, sql: str, place: tuple[int, int] | None
) -> None:
    (finding,) = tried(allowing, town, sql).refusals
    assert finding.code == "merge-no-hierarchy"
    assert (finding.position and (finding.position.line, finding.position.column)) == place


def test_the_report_tells_what_was_done_to_each_cell_and_what_was_lost(allowing: Engine, town: Path) -> None:
    report = tried(allowing, town, BY_STATION).report
    assert report is not None
    assert from_json(to_json(report, salt="s")) == report
    (merged,) = report.merged
    levels = [(level.level, level.labels, level.values) for level in merged.levels]
    assert (merged.field, levels) == ("station", [("=", 9, 9), ("road", 1, 2), ("region", 1, 2)])
    assert merged.loss == pytest.approx(4 / (13 * 12))
    shown = reviewers_view(report, {})
    done = {tuple(r["words"]["en"] for r in c["repairs"]) for c in shown["cells"]["items"]}
    assert done == {(), ("trip.station: 2 values merged into road",), ("trip.station: 2 values merged into region",)}
    for view in (shown, operators_view(report, {}, "maps")):
        (sentence,) = [s["en"] for s in view["summary"] if "merged" in s["en"]]
        assert sentence.startswith("4 of 13 values of trip.station had too few contributors and were merged into 2")
    flows = {(s.field, s.use) for c in report.lineage if c.column == "station" for s in c.sources}
    assert flows == {(f, "group") for f in ("station", "road", "region")}


def test_a_hierarchy_ends_where_a_mask_lies(allowing: Engine, tmp_path: Path) -> None:
    catalog = CATALOG.replace('["station", "road", "region"]', '["station", "road"], ["road", "region"]')
    assert catalog != CATALOG
    town = write_world(tmp_path / "short")
    (town / "catalog.toml").write_text(catalog, encoding="utf-8")
    found = counted(tried(allowing, town, BY_STATION))
    assert found == KEPT | {G3: 10, "其他/other": 12}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_about_repairs_shows_a_real_output_and_names_every_repair(
    allowing: Engine, town: Path, language: str
) -> None:
    page = files("app").joinpath("docs", f"repairs.{language}.md").read_text(encoding="utf-8")
    found = tried(allowing, town, f"{BY_STATION} order by station")
    assert found.report is not None
    (said,) = [dict(zip(("zh", "en"), texts, strict=True))[language] for texts in repair_sentences(found.to_json())]
    shown = [" ".join(map(str, r.values())) for r in found.rows]
    (block,) = re.findall(r"```console\n\$ .*\n([^`]*)```", page)
    assert block.splitlines() == [*shown, said]
    assert all(f"| `{kind}` |" in page for kind in REPAIRS)
