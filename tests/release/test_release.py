"""An approved output leaves once, in a bundle that a stranger can verify and that nothing can be slipped into."""

from __future__ import annotations

import base64
import csv
import io
import json
import threading
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from pyarrow import parquet as pq
from sqlalchemy import select, update

from app.cli.main import sluice
from app.domain.errors import Refusal
from app.domain.proofs import Approval
from app.release.making import make_release
from app.release.records import bundle_file, listed, load, tidy
from app.release.trust import trust_json
from app.release.verify import UNSIGNED, verify_bundle
from app.store.tables import authorization, history_segment, release
from tests.jobs.deployment import EXECUTION, FLIGHTS, Deployment
from tests.release.bundles import FILES, Released, code, contents


def test_a_bundle_holds_data_report_dictionary_and_a_manifest_that_says_all(released: Released) -> None:
    here, release_id, bundle = released
    verified = verify_bundle(bundle, here.trusted())
    assert set(verified.files) == FILES | UNSIGNED
    claims = verified.claims
    assert (claims["bundle"], claims["recipient"]) == (release_id, "maps")
    assert claims["datasets"] == [{"name": "flights", "code": FLIGHTS.code, "version": FLIGHTS.version}]
    assert {v["organization"] for v in claims["votes"]} == {"city-roads", "city-data"}
    assert (claims["plan_hash"], claims["policy_version"]) == ("cd" * 32, "policy-1")
    assert (verified.approval.event, verified.approval.subject) == ("output:approved", claims["output"])
    assert (claims["reproducible"], claims["execution"]) == (False, EXECUTION)
    files = contents(bundle)
    assert list(csv.DictReader(io.StringIO(files["data.csv"].decode())))[1] == {"carrier": "=B6", "flights": "900"}
    assert pq.read_table(io.BytesIO(files["data.parquet"])).num_rows == 2
    assert claims["omitted"] == []


def test_verifying_a_bundle_says_how_its_result_was_computed(released: Released, tmp_path: Path) -> None:
    here, _, bundle = released
    trust = tmp_path / "platform.trust.json"
    trust.write_text(json.dumps(trust_json(here.trusted())))
    shown = CliRunner().invoke(sluice, ["verify", str(bundle), "--trust", str(trust)], catch_exceptions=False)
    assert (
        "Ran on DuckDB 2.0.0 not in reproducible mode, with 2 threads, behind 2 walls: landlock, seccomp."
        in shown.output
    )
    told = CliRunner().invoke(sluice, ["verify", str(bundle), "--trust", str(trust), "--json"], catch_exceptions=False)
    assert json.loads(told.stdout)["claims"]["execution"] == EXECUTION


def test_a_bundle_shows_its_recipient_no_evidence_and_no_other_release(released: Released) -> None:
    everything = b"".join(contents(released[2]).values())
    manifest = json.loads(contents(released[2])["manifest.json"])
    everything += base64.b64decode(manifest["payload"])
    for secret in (b'"contributors"', b"largest_share", b"release-other", b'"salt"', b"quarantine"):
        assert secret not in everything


def test_a_release_moves_output_history_and_ledger_in_one(released: Released) -> None:
    here, release_id, bundle = released
    with here.store.reading() as connection:
        record = load(connection, release_id)
        assert [r.id for r in listed(connection, operator="maps")] == [release_id]
        assert listed(connection, operator="rivals") == []
        assert connection.execute(select(history_segment.c.status)).scalar_one() == "released"
    assert record.state == "released"
    assert here.events(release_id) == ["release:signed", "release:bundled"]
    assert here.events(record.output)[-1] == "output:released"
    assert [f.name for f in bundle.parent.iterdir()] == [bundle.name]


# ------------------------------------------------------------------------------------------------------ exactly once


def test_a_second_release_of_one_output_is_refused(here: Deployment) -> None:
    proof = here.approved()
    make_release(here.desk(), here.actor("officer"), proof)
    assert code(lambda: make_release(here.desk(), here.actor("officer"), proof)) == "release-already-made"


def test_two_concurrent_releases_of_one_output_give_one(here: Deployment) -> None:
    proof, answers = here.approved(), []
    together = threading.Barrier(2)

    def patient_checkpoint() -> str:
        note = here.services.checkpoint()
        together.wait(10)  # both have read the state before either changes it
        return note

    def go() -> None:
        try:
            desk = here.desk(notary=here.notary(checkpoint=patient_checkpoint))
            answers.append(make_release(desk, here.actor("officer"), proof))
        except Refusal as error:
            answers.append(error.code)

    threads = [threading.Thread(target=go) for _ in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    with here.store.reading() as connection:
        made = list(connection.execute(select(release.c.id)).scalars())
    assert sorted(answers) == sorted([*made, "release-already-made"])
    assert len(list((here.services.config.home / "releases").iterdir())) == 1
    assert here.events(proof.output).count("output:released") == 1


def nothing_left(here: Deployment, proof: Approval) -> bool:
    with here.store.reading() as connection:
        rows = connection.execute(select(release.c.id)).all()
    files = list((here.services.config.home / "releases").glob("*"))
    return not rows and not files and "output:released" not in here.events(proof.output)


def test_what_the_firewall_stops_is_not_half_released(here: Deployment) -> None:
    proof = here.approved()

    def too_near(*_: object) -> None:
        raise Refusal("release-already-made", output="stands for any refusal")

    def failing(*_: object) -> None:
        raise RuntimeError("the power went")

    assert code(lambda: make_release(here.desk(admit=too_near), here.actor("officer"), proof))
    assert nothing_left(here, proof)
    with pytest.raises(RuntimeError):
        make_release(here.desk(admit=failing), here.actor("officer"), proof)
    assert nothing_left(here, proof)
    assert make_release(here.desk(), here.actor("officer"), proof)


def test_nothing_is_released_under_an_authorization_that_ended(here: Deployment) -> None:
    proof = here.approved()
    here.set_authorization("suspended")
    assert code(lambda: make_release(here.desk(), here.actor("officer"), proof)) == "release-authorization-ended"
    assert nothing_left(here, proof)


def test_only_a_release_officer_releases(here: Deployment) -> None:
    proof = here.approved()
    for person in ("ana", "rev-data", "regulator"):
        assert code(lambda p=person: make_release(here.desk(), here.actor(p), proof)) == "not-permitted"  # type: ignore[misc]


def test_an_output_that_was_not_approved_is_not_released(here: Deployment) -> None:
    forged = Approval(output=here.output(), report_hash="00", votes=())
    assert code(lambda: make_release(here.desk(), here.actor("officer"), forged)) == "release-not-approved"


def test_an_approval_of_another_report_does_not_count(here: Deployment) -> None:
    proof = here.approved()
    forged = Approval(output=proof.output, report_hash="00", votes=proof.votes)
    assert code(lambda: make_release(here.desk(), here.actor("officer"), forged)) == "release-approval-mismatch"


def test_a_table_altered_in_quarantine_is_not_released(here: Deployment) -> None:
    proof = here.approved()
    next(here.quarantine.rglob("output.parquet")).write_bytes(b"other")
    assert code(lambda: make_release(here.desk(), here.actor("officer"), proof)) == "release-table-altered"


def test_a_bundle_is_named_after_the_program_died_right_behind_the_transaction(released: Released) -> None:
    here, release_id, bundle = released
    bundle.rename(bundle.with_suffix(".pending"))
    with here.store.reading() as connection:
        record = load(connection, release_id)
    assert bundle_file(record, bundle.parent) == bundle
    assert verify_bundle(bundle, here.trusted()).claims["bundle"] == release_id
    bundle.rename(bundle.with_suffix(".pending"))
    (bundle.parent / "release-none.pending").write_bytes(b"never committed")
    assert tidy(here.store, bundle.parent, older_than=time.time() - 60) == []
    assert tidy(here.store, bundle.parent, older_than=time.time() + 60) == ["release-none.pending"]
    assert [f.name for f in bundle.parent.iterdir()] == [bundle.name]
    (bundle.parent / "release-none.parts").mkdir()
    assert tidy(here.store, bundle.parent, older_than=time.time() + 60) == ["release-none.parts"]


def test_a_recipient_whom_the_authorization_does_not_name_gets_nothing(here: Deployment) -> None:
    proof = here.approved()
    for stranger in ("rivals", "nobody"):
        asked = lambda r=stranger: make_release(here.desk(), here.actor("officer"), proof, recipient=r)  # noqa: E731
        assert code(asked) == "release-recipient-unnamed"
    assert nothing_left(here, proof)
    with here.store.change("authorization:granted", actor=here.machine(), subject="auth-maps") as change:
        change.execute(update(authorization).values(scope={"recipients": ["rivals"]}))
    release_id = make_release(here.desk(), here.actor("officer"), proof, recipient="rivals")
    with here.store.reading() as connection:
        assert load(connection, release_id).recipient == "rivals"
