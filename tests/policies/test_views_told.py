"""Are rules about rows and masks in force where a deployment published them, and told to whoever they concern?"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.errors import Finding, Refusal, Unavailable
from app.policy import publishing
from app.policy.cases import read_cases, run_cases
from app.policy.decision import decide
from app.policy.difference import Direction, Kind, difference
from app.policy.grants import collect
from app.policy.rules_files import read_rules
from app.policy.snapshot import snapshot
from app.policy.soundness import Known, notes
from app.policy.versions import content_of, digest_of, standing_of
from app.policy.view_rules import NO_VIEWS
from app.policy.views import restrict
from app.policy.views_file import read_views
from app.policy.words import sentence
from app.replay.weighing import replay
from tests.policies.law_world import BY_ROAD, Law
from tests.policies.policy_world import AUTH, NOW, STANDING, an_analysis
from tests.policies.test_rules_files import a_folder
from tests.policies.view_world import PERIOD, ROWS, VIEWER, VISIT, mask, seen, standing


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
    assert not unfit.passed
    assert unfit.rules == {"mask"}


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
            replay(connection, before=before, after=after, functions=functions, now=law.clock())
            for after in (stopped, masked_only)
        ]
    counts = [f.counts() for f in found]
    assert [(c["jobs_refused"], c["authorizations_changed"]) for c in counts] == [(1, 1), (0, 0)]
    assert {rule for change in found[0].changes for flip in change.flips for rule in flip.rules_after} == {"mask"}


def test_publishing_a_row_rule_needs_the_provider_and_a_mask_needs_the_regulator(law: Law) -> None:
    base = law.in_force()
    rows = standing(ROWS.replace('"visit"', '"incident"').replace('"region"', '"road"'))
    with law.services.store.reading() as connection:
        tight = publishing.beyond(connection, "roads", difference(base, rows))
        loose = publishing.beyond(connection, "roads", difference(base, standing(ROAD)))
        foreign = publishing.beyond(connection, "weather", difference(base, rows))
    assert (tight, loose, foreign) == ((), ("mask",), ("rows-hangzhou",))


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
