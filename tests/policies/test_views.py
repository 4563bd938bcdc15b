"""Are rules about rows and masks read, applied, kept and told as they are written, and is none ever skipped?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.documents import dataset_from_json, dataset_to_json
from app.domain.errors import Invalid, Refusal
from app.domain.values import DatasetKind, Level
from app.policy.classes import field_classes
from app.policy.column_values import coarsens, fits
from app.policy.rules_files import load_model, read_rules, write_rules
from app.policy.versions import content_of
from app.policy.view_rules import NO_VIEWS, views_of
from app.policy.views import Viewer, restrict
from app.policy.views_file import read_views, to_toml
from tests.policies.policy_world import AUTH, NOW, POLICIES, STANDING, TOW
from tests.policies.test_rules_files import a_folder
from tests.policies.view_world import PERIOD, REGION, ROWS, VIEWER, VISIT, kind_of, mask, masked, seen, standing

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
    "a bound that there is not": (PERIOD.replace('"period"', '"purpose"'), "within"),
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
    assert field_classes(VISIT, day) == {
        *("in:units", "name:day", "level:L1", "masked", "masked:month"),
        *("theme:3/06", "theme:3/06/001"),
    }


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


def test_rows_are_bound_to_the_regions_of_the_authorization() -> None:
    at_home = replace(VIEWER, regions=("Hangzhou", "Ningbo"))
    assert [(f.column, f.test, f.values) for f in seen(REGION, viewer=at_home).filters] == [
        ("region", "in", ("Hangzhou", "Ningbo"))
    ]
    for rule, viewer, code in (
        (REGION, VIEWER, "view-no-region"),
        (REGION.replace('column = "region"', 'column = "day"'), at_home, "view-value"),
    ):
        with pytest.raises(Refusal) as caught:
            seen(rule, viewer=viewer)
        assert [(f.code, f.rule) for f in caught.value.findings] == [(code, "rows-region")]


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
