"""Are rules about rows and masks read, applied, kept and told as they are written, and is none ever skipped?"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.domain.documents import dataset_from_json, dataset_to_json
from app.domain.errors import Finding, Invalid, Refusal, Unavailable
from app.domain.values import Dataset, DatasetKind, Field, Level
from app.policy import publishing
from app.policy.cases import read_cases, run_cases
from app.policy.classes import field_classes
from app.policy.column_values import coarsens, fits
from app.policy.conditions import Context
from app.policy.decision import decide
from app.policy.difference import Direction, Kind, difference
from app.policy.grants import collect
from app.policy.rules import Standing
from app.policy.rules_files import load_model, read_rules, write_rules
from app.policy.snapshot import snapshot
from app.policy.soundness import Known, notes
from app.policy.versions import content_of, digest_of, standing_of
from app.policy.view_rules import NO_VIEWS, views_of
from app.policy.views import Viewer, restrict
from app.policy.views_file import read_views, to_toml
from app.policy.words import sentence
from app.replay.weighing import replay
from tests.policies.law_world import BY_ROAD, Law
from tests.policies.policy_world import AUTH, NOW, POLICIES, STANDING, TOW, a_dataset, a_field, an_analysis
from tests.policies.test_rules_files import a_folder

SAID = 'zh = "说明"\nen = "words"\n'
ROWS = f"""[[rows]]
id = "rows-hangzhou"
dataset = "visit"
column = "region"
test = "="
values = ["Hangzhou"]
{SAID}"""
PERIOD = f"""[[rows]]
id = "rows-period"
dataset = "visit"
column = "day"
within = "period"
{SAID}"""
VIEWER = Viewer(
    authorization=AUTH,
    valid_from=datetime(2026, 1, 1, 16, tzinfo=UTC),
    valid_until=datetime(2027, 1, 1, 16, tzinfo=UTC),
    secret=lambda: b"s" * 32,
)


def typed(name: str, kind: str, level: str) -> Field:
    return replace(a_field(name, level), type=kind, values=("1",), minimum="0", maximum="9")


VISIT = a_dataset(
    "visit",
    a_field("person", "L3", "person"),
    typed("region", "VARCHAR", "L2"),
    typed("day", "DATE", "L3"),
    typed("at", "TIMESTAMP", "L3"),
    typed("fee", "DECIMAL(9,2)", "L3"),
    typed("name", "VARCHAR", "L4"),
    units=("person",),
)


def mask(**cells: str) -> str:
    told = {"id": "mask", "dataset": "visit", "field": "name:day", "kind": "month", "level": "L1"} | cells
    return "[[mask]]\n" + "".join(f"{k} = '{v}'\n" for k, v in told.items()) + SAID


def standing(*tables: str) -> Standing:
    views, _, findings = read_views("\n".join(tables), "views.toml")
    assert findings == []
    return replace(STANDING, views=views)


def seen(*tables: str, viewer: Viewer = VIEWER, context: Context = NOW, dataset: Dataset = VISIT) -> Dataset:
    (found,) = restrict(standing(*tables), [dataset], viewer, context)
    return found


def masked(name: str, *tables: str, **more: Any) -> Field:
    found = seen(*tables, **more).field(name)
    assert found is not None
    return found


def kind_of(field: Field) -> str:
    return field.mask.kind if field.mask else "-"


# ------------------------------------------------------------------ reading


def test_the_file_that_comes_with_the_program_holds_no_rule() -> None:
    assert STANDING.views == NO_VIEWS
    assert restrict(STANDING, [VISIT], VIEWER, NOW) == (VISIT,)


def test_the_examples_in_the_file_are_rules_once_their_marks_are_gone() -> None:
    lines = (POLICIES / "use" / "views.toml").read_text(encoding="utf-8").splitlines()
    views, places, findings = read_views("\n".join(line[4:] for line in lines if line.startswith("#   ")), "f")
    assert findings == []
    assert [r.id for r in views] == [name for name, _ in places] == ["rows-hangzhou", "mask-day"]


WRONG = {
    "a test that there is not": (ROWS.replace('"="', '"like"'), "test"),
    "no value": (ROWS.replace('["Hangzhou"]', "[]"), "values"),
    "two values": (ROWS.replace('["Hangzhou"]', '["a", "b"]'), "values"),
    "a value that is no text": (ROWS.replace('["Hangzhou"]', "[7]"), "values"),
    "a test and a bound": (ROWS + 'within = "period"\n', "test"),
    "neither test nor bound": (ROWS.replace('test = "="\n', ""), "test"),
    "a region, which no authorization holds": (PERIOD.replace('"period"', '"region"'), "within"),
    "a word that there is not": (ROWS + 'effect = "deny"\n', "effect"),
    "no sentence": (ROWS.replace('en = "words"\n', ""), "en"),
    "the operator's own tables": (ROWS.replace('"visit"', '"kind:enterprise"'), "dataset"),
    "a predicate that there is not": (ROWS + "condition = '{\"hour\": 1}'\n", "condition"),
    "identifiers as a class": (mask(field="identifier"), "field"),
    "a mask that there is not": (mask(kind="hash"), "kind"),
    "a band without width": (mask(kind="band"), "argument"),
    "a band that is SQL": (mask(kind="band", argument="1)"), "argument"),
    "a prefix of nothing": (mask(kind="prefix", argument="0"), "argument"),
    "a pseudonym with its key in the file": (mask(kind="pseudonym", argument="ab" * 32), "argument"),
    "no level": (mask(level="L5"), "level"),
    "no table": ("[rows]\n", "rows"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_with_its_line_and_key(tmp_path: Path, name: str) -> None:
    told, key = WRONG[name]
    folder = a_folder(tmp_path, "r1,*,*,*,show,,deny")
    (folder / "views.toml").write_text(f"# first line\n{told}", encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        read_rules(folder, load_model(POLICIES))
    found = [(f.code, dict(f.params)["column"], dict(f.params)["place"]) for f in caught.value.findings]
    assert found == [("policy-rule-value", key, f"views.toml:{1 if name == 'no table' else 2}")]


def test_a_file_that_is_no_toml_and_an_id_that_stands_twice_are_named(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "mask,*,*,*,show,,deny")
    for told, code in (("[[rows]\n", "policy-file-syntax"), (mask(), "policy-rule-twice")):
        (folder / "views.toml").write_text(told, encoding="utf-8")
        with pytest.raises(Invalid) as caught:
            read_rules(folder, load_model(POLICIES))
        assert [f.code for f in caught.value.findings] == [code]


def test_rules_are_written_and_kept_so_that_they_read_back_the_same(tmp_path: Path) -> None:
    rules = standing(ROWS, PERIOD, mask(), mask(id="m2", kind="band", argument="10", field="name:fee", subject="a-1"))
    assert read_views(to_toml(rules.views), "f")[0] == rules.views
    assert views_of(content_of(rules)["views"], "p") == rules.views
    write_rules(rules, tmp_path / "policy")
    read = read_rules(tmp_path / "policy", STANDING.model)
    assert read.standing.views == rules.views
    assert read.places["rows-period"].startswith("views.toml:")


def test_a_policy_without_such_rules_is_kept_as_it_always_was() -> None:
    assert set(content_of(STANDING)) == {"rules", "texts"}
    assert standing(ROWS).digest != STANDING.digest


def test_a_version_in_the_store_holds_the_rules_and_older_ones_still_load(law: Law) -> None:
    before = law.in_force()
    assert before.views == NO_VIEWS
    table = ROWS.replace('"visit"', '"incident"').replace('"region"', '"road"')
    changed = replace(before, views=standing(table).views)
    subject = publishing.draft(law.services.store, law.actor("steward"), changed, note="n", new_id=law.services.new_id)
    publishing.submit(law.services.store, law.actor("steward"), subject)
    law.publish(subject, person="roads-officer")
    assert law.in_force().views == changed.views
    with law.services.store.reading() as connection:
        kept = standing_of(connection, subject, law.model)
        assert standing_of(connection, before.id, law.model).views == NO_VIEWS
    assert digest_of(content_of(kept)) == digest_of(content_of(changed))


# ------------------------------------------------------------------ applying


def test_every_rule_about_rows_applies_and_the_period_is_that_of_the_authorization() -> None:
    found = seen(ROWS, PERIOD, PERIOD.replace("rows-period", "p2").replace('"day"', '"at"'))
    assert [(f.rule, f.column, f.test, f.values) for f in found.filters] == [
        ("rows-hangzhou", "region", "=", ("Hangzhou",)),
        ("rows-period", "day", ">=", ("2026-01-02",)),
        ("rows-period", "day", "<", ("2027-01-02",)),
        ("p2", "at", ">=", ("2026-01-02 00:00:00",)),
        ("p2", "at", "<", ("2027-01-02 00:00:00",)),
    ]
    assert seen(ROWS, viewer=replace(VIEWER, rows=False)).filters == ()


def test_a_masked_field_has_the_level_the_type_and_the_classes_of_what_is_left() -> None:
    day, name = masked("day", mask()), masked("name", mask(field="name:NAME", kind="pseudonym", level="L2"))
    assert (day.type, day.level, kind_of(day)) == ("DATE", Level.L1, "month")
    assert (name.type, name.level, kind_of(name)) == ("VARCHAR", Level.L2, "pseudonym")
    assert (day.values, day.minimum, day.maximum) == ((), None, None)
    assert field_classes(VISIT, day) == {"in:units", "name:day", "level:L1", "masked", "masked:month"}


STRICTER = {
    "coarser time": ("day", [("month", ""), ("year", ""), ("quarter", "")], "year", ""),
    "wider band": ("fee", [("band", "10"), ("band", "100"), ("band", "50")], "band", "100"),
    "shorter prefix": ("name", [("prefix", "3"), ("prefix", "1"), ("prefix", "10")], "prefix", "1"),
    "nothing": ("name", [("null", ""), ("prefix", "1"), ("pseudonym", "")], "null", ""),
    "no part of the value": ("name", [("prefix", "1"), ("pseudonym", "")], "pseudonym", None),
}


@pytest.mark.parametrize("name", STRICTER)
def test_of_several_masks_the_strictest_is_put_on_in_whatever_order(name: str) -> None:
    field, masks, kind, argument = STRICTER[name]
    tables = [
        mask(id=f"m{i}", field=f"name:{field}", kind=k, level="L2" if i else "L3", **({"argument": a} if a else {}))
        for i, (k, a) in enumerate(masks)
    ]
    for order in (tables, tables[::-1]):
        found = masked(field, *order)
        assert found.mask is not None
        assert (found.mask.kind, found.level) == (kind, Level.L3)
        assert argument is None or found.mask.argument == argument


def test_a_mask_of_a_level_covers_its_fields_and_no_others() -> None:
    found = seen(mask(field="level:L4", kind="null"))
    assert [f.name for f in found.fields if f.mask] == ["name"]


@pytest.mark.parametrize(
    ("cells", "applies"),
    [
        ({"subject": AUTH}, True),
        ({"subject": "auth-2"}, False),
        ({"dataset": "VISIT"}, True),
        ({"dataset": "provider:hz-highway"}, True),
        ({"dataset": "kind:public"}, True),
        ({"dataset": "*"}, True),
        ({"dataset": "visits"}, False),
        ({"condition": '{"purpose":["research"]}'}, True),
        ({"condition": '{"from":"2030-01-01T00:00:00+08:00"}'}, False),
        ({"condition": '{"level":["L3"]}'}, True),
        ({"condition": '{"level":["L4"]}'}, False),
    ],
)
def test_a_rule_applies_to_whom_and_what_it_names_while_it_may_hold(cells: dict[str, str], applies: bool) -> None:
    assert (masked("day", mask(**cells)).mask is not None) is applies


def test_a_purpose_that_is_another_lifts_the_rule() -> None:
    rule = mask(condition='{"purpose":["research"]}')
    assert masked("day", rule, context=replace(NOW, purpose="statistics")).mask is None


UNFIT = {
    "a field that is not there": (ROWS.replace('"region"', '"county"'), "view-unknown-field"),
    "a mask of a field that is not there": (mask(field="name:county"), "view-unknown-field"),
    "a value of another type": (ROWS.replace('"region"', '"day"'), "view-value"),
    "rows by an identifier": (ROWS.replace('"region"', '"person"'), "view-identifier"),
    "a period of texts": (PERIOD.replace('"day"', '"region"'), "view-value"),
    "a mask of an identifier": (mask(field="name:person", kind="pseudonym"), "view-identifier"),
    "a level that an identifier has": (mask(field="level:L3", kind="null"), "view-identifier"),
    "the month of a text": (mask(field="name:name"), "view-mask-type"),
    "a band of days": (mask(kind="band", argument="10"), "view-mask-type"),
    "a band that the type cannot hold": (mask(field="name:fee", kind="band", argument="0.125"), "view-mask-type"),
    "a prefix of a number": (mask(field="name:fee", kind="prefix", argument="1"), "view-mask-type"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_a_rule_that_does_not_fit_refuses_and_names_itself(name: str) -> None:
    told, code = UNFIT[name]
    with pytest.raises(Refusal) as caught:
        seen(told)
    (finding,) = caught.value.findings
    assert (finding.code, finding.dataset) == (code, "visit")
    assert finding.rule in {"rows-hangzhou", "rows-period", "mask"}
    assert finding.message().zh != finding.message().en


def test_a_period_is_refused_to_an_authorization_that_has_none() -> None:
    with pytest.raises(Refusal) as caught:
        seen(PERIOD, viewer=Viewer(authorization="trial"))
    assert caught.value.code == "view-no-period"


def test_every_rule_that_does_not_fit_is_named_at_once() -> None:
    with pytest.raises(Refusal) as caught:
        seen(*(UNFIT[n][0].replace('"rows-hangzhou"', '"r"') for n in ("a field that is not there", "a band of days")))
    assert [f.code for f in caught.value.findings] == ["view-unknown-field", "view-mask-type"]


def test_tables_of_the_operator_are_not_restricted() -> None:
    own = replace(VISIT, kind=DatasetKind.ENTERPRISE)
    assert restrict(standing(ROWS.replace('"visit"', '"*"'), mask(dataset="*")), [own, TOW], VIEWER, NOW) == (own, TOW)


def test_a_pseudonym_has_another_key_for_each_authorization_field_and_secret_and_shows_it_nowhere() -> None:
    rule = mask(field="name:name", kind="pseudonym")
    keys = []
    for viewer in (VIEWER, VIEWER, replace(VIEWER, authorization="a2"), replace(VIEWER, secret=lambda: b"t" * 32)):
        field = masked("name", rule, viewer=viewer)
        assert field.mask is not None
        assert field.mask.argument not in repr(field)
        keys.append(field.mask.argument)
    other = masked("region", mask(field="name:region", kind="pseudonym"))
    assert other.mask is not None
    assert keys[0] == keys[1]
    assert len({*keys, other.mask.argument}) == 4
    without = masked("name", rule, viewer=replace(VIEWER, secret=None)).mask
    assert without is not None
    assert without.argument == ""


def test_what_is_kept_of_a_data_set_is_the_data_set_without_filters_and_masks() -> None:
    found = seen(ROWS, mask(), mask(id="m2", field="name:name", kind="pseudonym"))
    assert dataset_from_json(dataset_to_json(found)) == VISIT


@pytest.mark.parametrize(
    ("value", "kind", "right"),
    [
        ("127", "TINYINT", True),
        ("128", "TINYINT", False),
        ("-1", "UBIGINT", False),
        ("1e3", "INTEGER", False),
        ("12.34", "DECIMAL(4,2)", True),
        ("12.345", "DECIMAL(4,2)", False),
        ("123", "DECIMAL(4,2)", False),
        ("nan", "DOUBLE", False),
        ("2026-02-30", "DATE", False),
        ("2026-02-03 04:05:06", "TIMESTAMP", True),
        ("2026-02-03 04:05:06+08", "TIMESTAMP", False),
        ("2026-02-03 04:05:06+08", "TIMESTAMP WITH TIME ZONE", False),
        ("true", "BOOLEAN", True),
        ("x", "", False),
    ],
)
def test_a_value_fits_a_column_of_its_type_alone(value: str, kind: str, right: bool) -> None:
    assert fits(value, kind, "=") is right


def test_nothing_can_be_masked_or_compared_of_an_unknown_type() -> None:
    assert not coarsens("null", "", "")
    assert not fits("true", "BOOLEAN", "<")


# ------------------------------------------------------------------ telling


def test_a_refusal_about_a_masked_field_names_the_mask() -> None:
    found = seen(mask(kind="null", level="L3"))
    policy = snapshot(standing(), {AUTH: collect([("visit", "day", "show")])}, [found])
    analysis = an_analysis(("visit", "day", "show"), datasets=(found,))
    with pytest.raises(Refusal) as caught:
        decide(policy, AUTH, analysis, NOW)
    findings: list[tuple[str, str | None]] = [(f.code, f.rule) for f in caught.value.findings]
    assert findings == [("use-denied", "deny-l3-show"), ("field-masked", "mask")]
    assert "words" in caught.value.findings[1].message().en


def test_a_standing_rule_can_speak_of_masked_fields(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "no-range,*,*,masked:month,filter:range,,deny", "all,*,*,*,*,,allow")
    (folder / "views.toml").write_text(mask(), encoding="utf-8")
    rules = read_rules(folder, STANDING.model).standing
    for sees, refused in ((restrict(rules, [VISIT], VIEWER, NOW), True), ((VISIT,), False)):
        policy = snapshot(rules, {AUTH: collect(())}, sees)
        analysis = an_analysis(("visit", "day", "filter:range"), datasets=sees)
        if refused:
            with pytest.raises(Refusal, match="words"):
                decide(policy, AUTH, analysis, NOW)
        else:
            decide(policy, AUTH, analysis, NOW)


def test_a_difference_tells_rules_about_rows_and_masks() -> None:
    changed = standing(ROWS.replace("Hangzhou", "Ningbo"), mask(), PERIOD)
    first = standing(ROWS, mask().replace("words", "other words"))
    found = {c.id: c for c in difference(first, changed)}
    assert {n: (c.kind, c.direction) for n, c in found.items()} == {
        "rows-hangzhou": (Kind.CHANGED, Direction.EITHER),
        "mask": (Kind.REWORDED, Direction.SAME),
        "rows-period": (Kind.ADDED, Direction.STRICTER),
    }
    assert found["rows-hangzhou"].columns == ("values",)
    assert found["rows-hangzhou"].to_json()["after"]["values"] == ["Ningbo"]
    assert [c.direction for c in difference(STANDING, standing(mask()))] == [Direction.EITHER]
    assert [c.direction for c in difference(standing(ROWS), STANDING)] == [Direction.LOOSER]


def test_a_rule_reads_as_one_sentence_in_both_languages() -> None:
    rules = standing(ROWS, PERIOD, mask(condition='{"purpose":["research"]}'), mask(id="b", kind="band", argument="5"))
    said = [sentence(r) for r in rules.views]
    assert said[0].en == "shows every authorization only those rows of data set visit whose field region is = Hangzhou"
    assert "valid" in said[1].en
    assert "有效期" in said[1].zh
    assert said[2].en.endswith("only the month, which is of level L1, where the purpose is research")
    assert "5" in said[3].zh


def test_check_notes_names_that_nothing_has() -> None:
    tables = (ROWS.replace('"region"', '"regions"'), mask(dataset="visits"), mask(id="m2", subject="auth-9"))
    found: list[Finding] = list(
        notes(standing(*tables), {}, Known(datasets=(VISIT,), authorizations=frozenset({"auth-1"})))
    )
    assert [(f.code, f.rule, dict(f.params)["name"]) for f in found] == [
        ("policy-note-unknown-name", "rows-hangzhou", "visit.regions"),
        ("policy-note-unknown-name", "mask", "visits"),
        ("policy-note-unknown-name", "m2", "auth-9"),
    ]
    assert "visit.region?" in found[0].message().en + found[0].remedy().en


CASES = """
[dataset.visit]
units = ["person"]
[dataset.visit.fields]
person = { level = "L3", identifier = "person" }
day = { level = "L3", type = "DATE" }

[[case]]
name = "The month of a visit may leave row by row"
uses = { visit = { day = ["show"] } }
ask = { dataset = "visit", field = "day", use = "show" }
expect = "allowed"
rules = ["granted"]
"""


def test_policy_tests_see_masks(tmp_path: Path) -> None:
    file = tmp_path / "cases.toml"
    file.write_text(CASES, encoding="utf-8")
    cases = read_cases(file)
    assert [v.passed for v in run_cases(cases, standing(mask()))] == [True]
    assert [sorted(v.rules) for v in run_cases(cases, STANDING)] == [["deny-l3-show"]]
    (unfit,) = run_cases(cases, standing(mask(kind="band", argument="2")))
    assert (unfit.passed, unfit.rules) == (False, {"mask"})


# ------------------------------------------------------------------ in a deployment


def in_force(law: Law, *tables: str) -> None:
    """Publish the rules about rows and masks in `tables`."""
    views, _, findings = read_views("\n".join(t.replace('"visit"', '"incident"') for t in tables), "views.toml")
    assert findings == []
    changed, new_id = replace(law.in_force(), views=views), law.services.new_id
    subject = publishing.draft(law.services.store, law.actor("steward"), changed, note="n", new_id=new_id)
    publishing.submit(law.services.store, law.actor("steward"), subject)
    law.publish(subject)


ROAD = mask(dataset="incident", field="name:road", kind="pseudonym", level="L2")
MINUTES = mask(id="minutes", dataset="incident", field="name:seconds", kind="band", argument="60", level="L1")


def test_a_job_is_asked_under_the_rules_in_force_with_the_key_of_its_authorization(law: Law) -> None:
    held, other = law.authorized(), law.authorized()
    in_force(law, ROAD, ROWS.replace('"region"', '"road"'))
    keys = []
    for authorization in (held, held, other):
        (dataset,) = (
            d for d in law.casework._question(law.asked(authorization, BY_ROAD)).datasets if d.name == "incident"
        )
        road = dataset.field("road")
        assert road is not None
        assert road.mask is not None
        assert [f.values for f in dataset.filters] == [("Hangzhou",)]
        keys.append(road.mask.argument)
    assert keys[0] == keys[1] != keys[2]
    (law.services.keys / "pseudonyms.secret").unlink()
    with pytest.raises(Unavailable) as missing:
        law.casework._question(law.asked(held, BY_ROAD))
    assert missing.value.code == "key-missing"


def test_a_rule_that_does_not_fit_refuses_the_jobs_that_read_its_data(law: Law) -> None:
    held = law.authorized()
    in_force(law, mask(dataset="incident", field="name:road"))
    job = law.asked(held, BY_ROAD)
    assert (job.state, [f.code for f in job.findings]) == ("refused", ["view-mask-type"])


def test_a_replay_tells_what_a_mask_lets_and_a_rule_that_does_not_fit_stops(law: Law) -> None:
    held = law.authorized()
    law.asked(held, BY_ROAD)
    before = law.in_force()
    stopped = replace(before, views=standing(mask(dataset="incident", field="name:road")).views, id="draft")
    masked_only = replace(before, views=standing(ROAD, MINUTES).views, id="draft")
    functions = law.casework.engine.functions
    with law.services.store.reading() as connection:
        found = [
            replay(connection, before=before, after=after, functions=functions, now=law.clock()).counts()
            for after in (stopped, masked_only)
        ]
    assert [(c["jobs_refused"], c["authorizations_changed"]) for c in found] == [(1, 1), (0, 0)]


def test_publishing_a_row_rule_needs_the_provider_and_a_mask_needs_the_regulator(law: Law) -> None:
    base = law.in_force()
    rows = standing(ROWS.replace('"visit"', '"incident"').replace('"region"', '"road"'))
    with law.services.store.reading() as connection:
        tight = publishing.beyond(connection, "roads", difference(base, rows))
        loose = publishing.beyond(connection, "roads", difference(base, standing(ROAD)))
        foreign = publishing.beyond(connection, "weather", difference(base, rows))
    assert (tight, loose, foreign) == ((), ("mask",), ("rows-hangzhou",))
