"""Does a replay list every past job and live authorization whose answer would change, with the rule, and no other?"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select, update

from app.authorization import grants
from app.domain.times import stamp
from app.jobs.records import JobRecord
from app.jobs.worker import Worker, run_worker
from app.replay.told import to_json
from app.replay.weighing import MAX_MOMENTS, Replay, moments
from app.store.tables import authorization, dataset_version, job
from tests.policies.law_world import BY_ROAD, MORNING, ONE_PLATE, RAIN, Law, a_rule, with_rules
from tests.policies.policy_world import STANDING

NO_ROAD = a_rule("deny-road-group", dataset="incident", field="name:road", use="group")


def changed(found: Replay) -> list[tuple[str, str, bool, bool]]:
    return [(c.asked.kind, c.asked.id, c.before, c.after) for c in found.changes]


def worked(law: Law) -> None:
    """Run everything that waits."""
    worker = Worker(
        name="w",
        store=law.services.store,
        machine=law.services.machine(),
        quarantine=law.services.config.home / "quarantine",
        execute=law.execute,
        check=law.casework.check,
        in_force=law.casework.in_force,
        register=lambda *_: None,
        new_id=law.services.new_id,
    )
    run_worker(worker, drain=True)


def test_a_rule_that_refuses_a_job_is_named_with_the_place_in_its_sql(law: Law) -> None:
    held = law.authorized()
    record = law.asked(held, BY_ROAD)
    law.asked(held, RAIN)
    found = law.replay(NO_ROAD)
    assert changed(found) == [("job", record.id, True, False), ("authorization", held, True, False)]
    (flip,) = found.changes[0].flips
    assert (flip.use.field, flip.use.use, flip.use.position and flip.use.position.line) == ("road", "group", 1)
    assert (flip.before, flip.after, flip.rules_after) == (True, False, ("deny-road-group",))
    assert flip.rules_before == (f"{held}/incident.road/group",)
    assert found.counts() == {
        "jobs": 2,
        "jobs_refused": 1,
        "jobs_permitted": 0,
        "jobs_in_part": 0,
        "authorizations": 1,
        "authorizations_changed": 1,
        "left_out": 0,
    }


def test_rules_that_change_no_answer_change_nothing(law: Law) -> None:
    held = law.authorized()
    law.asked(held, BY_ROAD)
    law.asked(held, ONE_PLATE)
    assert changed(law.replay()) == []
    assert changed(law.replay(a_rule("deny-else", dataset="elsewhere"))) == []
    assert changed(law.replay(a_rule("deny-more", field="identifier", use="filter:eq"))) == []


def test_a_refused_job_that_would_be_permitted_is_found_from_its_sql(law: Law) -> None:
    record = law.asked(law.authorized(), ONE_PLATE)
    assert record.state == "refused"
    allow = a_rule("allow-plates", dataset="incident", field="identifier", use="filter:eq", effect="allow")
    found = law.replay(allow, without="deny-identifier-filter")
    assert changed(found) == [("job", record.id, False, True)]
    (flip,) = found.changes[0].flips
    assert flip.rules_before == ("deny-identifier-filter",)
    assert flip.rules_after == ("allow-plates",)


def test_a_job_of_which_one_part_changes_stays_as_it_is_as_a_whole(law: Law) -> None:
    record = law.asked(law.authorized(), "SELECT road, max(seconds) AS m FROM incident GROUP BY road")
    assert record.state == "refused"
    found = law.replay(NO_ROAD)
    assert ("job", record.id, False, False) in changed(found)
    assert found.counts()["jobs_in_part"] == 1


def test_a_job_that_ran_is_asked_with_the_uses_and_levels_that_its_run_kept(law: Law) -> None:
    record = law.asked(law.authorized(), BY_ROAD)
    worked(law)
    assert law.job(record.id).state == "awaiting_review"
    with law.services.store.change("dataset:mounted", actor=law.actor("steward"), subject="x") as change:
        for row in change.execute(select(dataset_version)).all():
            told = json.loads(json.dumps(row.dataset).replace('"L2"', '"L1"'))
            change.execute(update(dataset_version).where(dataset_version.c.id == row.id).values(dataset=told))
        change.execute(update(job).values(sql="not SQL any more"))
    found = law.replay(a_rule("deny-l2-group", field="level:L2", use="group"))
    assert changed(found) == [("job", record.id, True, False)]
    assert found.changes[0].asked.output == "quarantined"


def test_what_cannot_be_understood_any_more_is_left_out_and_said(law: Law) -> None:
    held = law.authorized()
    record = law.asked(held, "SELECT colour FROM incident")
    found = law.replay(NO_ROAD)
    assert [(each.kind, each.id) for each in found.left_out] == [("job", record.id)]
    told = to_json(found)
    assert told["left_out"] == [{"kind": "job", "id": record.id, "codes": ["unknown-column"]}]
    assert told["counts"]["jobs"] == 0


def test_an_operators_own_tables_are_asked_about_as_the_catalog_describes_them(law: Law) -> None:
    record = law.asked(law.authorized(), BY_ROAD)
    own = "SELECT i.road, count(*) AS n FROM incident i JOIN tow_station t ON t.road = i.road GROUP BY i.road"
    with law.services.store.change("job:drafted", actor=law.services.machine(), subject="x") as change:
        for table, job_id in (("tow_station", "job-own"), ("unheard_of", "job-else")):
            brought = {"enterprise": [{"table": table, "path": "", "sha256": ""}], "reproducible": False}
            row = dict(change.execute(select(job).where(job.c.id == record.id)).one()._mapping)
            text = own.replace("tow_station", table)
            change.execute(insert(job).values(**(row | {"id": job_id, "sql": text, "parameters": brought})))
    found = law.replay(a_rule("deny-road-link", field="name:road", use="link"))
    assert ("job", "job-own", True, False) in changed(found)
    assert {(f.use.dataset, f.use.field) for f in found.changes[0].flips} >= {("incident", "road")}
    assert [(each.id, each.findings[0].code) for each in found.left_out] == [("job-else", "unknown-table")]


def test_only_live_authorizations_are_asked(law: Law) -> None:
    held = law.authorized()
    store, regulator = law.services.store, law.actor("regulator")
    assert len(law.replay(NO_ROAD).changes) == 1
    grants.step(store, regulator, held, "suspend", reason="x")
    assert len(law.replay(NO_ROAD).changes) == 1
    grants.step(store, regulator, held, "revoke", reason="x")
    assert law.replay(NO_ROAD).changes == ()
    assert law.replay(NO_ROAD).authorizations == 0


def test_every_field_and_aggregate_behind_a_wide_grant_is_asked_about(law: Law) -> None:
    held = law.authorized()
    found = law.replay(a_rule("deny-sum", dataset="incident", use="aggregate:sum"))
    assert [(f.use.field, f.use.use) for f in found.changes[0].flips] == [("seconds", "aggregate:sum")]
    found = law.replay(a_rule("deny-rows", dataset="rain", field="name:mm", use="show"))
    assert changed(found) == [("authorization", held, True, False)]
    assert [(f.use.field, f.use.use) for f in found.changes[0].flips] == [("mm", "show")]
    found = law.replay(a_rule("deny-count", dataset="incident", use="aggregate:count"))
    assert {(f.use.field, f.use.use) for f in found.changes[0].flips} == {
        ("*", "aggregate:count"),
        ("road", "aggregate:count"),
        ("seconds", "aggregate:count"),
    }


def test_a_rule_that_begins_later_shows_its_effect_now(law: Law) -> None:
    held = law.authorized()
    begin = datetime(2027, 1, 1, tzinfo=UTC)
    office = a_rule(
        "deny-night",
        dataset="incident",
        field="name:road",
        use="group",
        condition='{"from":"2027-01-01T08:00:00+08:00","hours":[0,6]}',
    )
    found = law.replay(office)
    assert changed(found) == [("authorization", held, True, False)]
    assert found.changes[0].at == begin + timedelta(hours=16)
    never = a_rule("deny-after-the-term", dataset="incident", condition='{"from":"2030-01-01T00:00:00+08:00"}')
    assert law.replay(never).changes == ()


def test_a_past_job_is_asked_as_of_its_own_time(law: Law) -> None:
    held = law.authorized()
    record = law.asked(held, BY_ROAD)
    law.clock.forward(hours=12)
    grants.step(law.services.store, law.actor("regulator"), held, "revoke", reason="x")
    day = law.replay(a_rule("deny-day", dataset="incident", use="group", condition='{"hours":[8,20]}'))
    night = law.replay(a_rule("deny-night", dataset="incident", use="group", condition='{"hours":[20,24]}'))
    assert (changed(day), changed(night)) == ([("job", record.id, True, False)], [])
    assert day.changes[0].at == MORNING


def test_a_replay_is_plain_data_without_the_operators_text(law: Law) -> None:
    held = law.authorized()
    law.asked(held, BY_ROAD)
    told = to_json(law.replay(NO_ROAD))
    text = json.dumps(told)
    assert "SELECT" not in text
    assert told["changes"][0]["uses"] == [
        {
            "dataset": "incident",
            "field": "road",
            "use": "group",
            "line": 1,
            "column": 8,
            "before": "permitted",
            "after": "refused",
            "rules_before": [f"{held}/incident.road/group"],
            "rules_after": ["deny-road-group"],
        }
    ]
    assert (told["at"], told["after"]) == (stamp(MORNING), "draft")


def test_moments_are_bounded_and_begin_now() -> None:
    many = [a_rule(f"r{n}", condition=f'{{"from":"2027-01-01T00:{n % 60:02}:{n // 60:02}+00:00"}}') for n in range(300)]
    found = moments(STANDING, with_rules(STANDING, *many), MORNING)
    assert len(found) == MAX_MOMENTS
    assert found[0] == MORNING
    assert moments(STANDING, STANDING, MORNING) == (MORNING,)


# ------------------------------------------------------------------ what is in force decides


def test_every_decision_names_the_version_of_the_policy(law: Law) -> None:
    first = law.asked(law.authorized(), BY_ROAD)
    base = law.in_force().id
    worked(law)
    with law.services.store.reading() as connection:
        version = connection.execute(select(job.c.policy_version).where(job.c.id == first.id)).scalar_one()
    assert version.startswith(f"{base}@")
    assert len(version.partition("@")[2]) == 64


@pytest.mark.parametrize("sql, state", [(BY_ROAD, "refused"), (RAIN, "awaiting_review")])
def test_a_publication_takes_effect_for_queued_jobs_when_they_run(law: Law, sql: str, state: str) -> None:
    record = law.asked(law.authorized(), sql)
    assert record.state == "queued"
    law.publish(law.submitted(NO_ROAD))
    worked(law)
    ended: JobRecord = law.job(record.id)
    assert ended.state == state
    assert {f.rule for f in ended.findings} == ({"deny-road-group"} if state == "refused" else set())


def test_a_publication_takes_effect_for_new_jobs_and_applications_at_once(law: Law) -> None:
    held = law.authorized()
    law.publish(law.submitted(NO_ROAD))
    refused = law.asked(held, BY_ROAD)
    assert refused.state == "refused"
    assert [(f.code, f.rule) for f in refused.findings] == [("use-denied", "deny-road-group")]
    assert "rule deny-road-group" in refused.findings[0].message().en


def test_replaying_changes_nothing(law: Law) -> None:
    law.asked(law.authorized(), BY_ROAD)
    with law.services.store.reading() as connection:
        before = [list(connection.execute(select(t))) for t in (authorization, job)]
    law.replay(NO_ROAD)
    with law.services.store.reading() as connection:
        assert [list(connection.execute(select(t))) for t in (authorization, job)] == before
