"""A recalled release is fetched by nobody, its recipient has a notice, and an offline holder can learn of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import Invalid, Refusal
from app.domain.times import stamp
from app.release.envelope import canonical, seal
from app.release.recalls import KIND, LISTED, SUBJECT, acknowledge, notices, read_list, recall, sign_list
from app.release.records import load
from app.release.statement import statement_of
from app.release.trust import Trusted
from app.signing.suites import PrivateKey, new_key
from tests.jobs.deployment import Deployment
from tests.release.bundles import Released, code, contents
from tests.release.test_links import desk, link

WHY = "wrong table 数据有误"


@pytest.fixture
def recalled(released: Released) -> Released:
    here, release_id, _ = released
    recall(here.store, here.actor("officer"), release_id, WHY)
    return released


def signed(here: Deployment, target: Path, keys: tuple[PrivateKey, ...] | None = None) -> Path:
    target.write_bytes(sign_list(here.notary(), here.actor("officer"), keys or here.signers()))
    return target


def test_from_a_recall_on_no_link_works_and_no_new_one_is_made(released: Released) -> None:
    here, release_id, _ = released
    made = link(here, release_id)
    recall(here.store, here.actor("regulator"), release_id, WHY)
    for asked in (lambda: desk(here).look(made.token), lambda: desk(here).redeem(made.token)):
        with pytest.raises(Refusal, match="wrong table") as refused:
            asked()
        assert refused.value.code == "release-recalled"
    assert code(lambda: link(here, release_id)) == "release-recalled"
    assert "release:fetched" not in here.events(release_id)


def test_a_recall_is_on_the_ledger_with_its_reason_and_happens_once(recalled: Released) -> None:
    here, release_id, _ = recalled
    with here.store.reading() as connection:
        record = load(connection, release_id)
    assert (record.state, record.recall_reason) == ("recalled", WHY)
    assert here.events(record.output)[-1] == "output:recalled"
    assert code(lambda: recall(here.store, here.actor("officer"), release_id, WHY)) == "transition-impossible"
    assert code(lambda: recall(here.store, here.actor("officer"), "release-none", WHY)) == "release-unknown"


def test_a_recall_needs_a_reason_and_the_right(released: Released) -> None:
    here, release_id, _ = released
    assert code(lambda: recall(here.store, here.actor("officer"), release_id, " ")) == "recall-reason-missing"
    for person in ("ana", "rev-data", "security"):
        refused = lambda p=person: recall(here.store, here.actor(p), release_id, WHY)  # noqa: E731
        assert code(refused) == "not-permitted"
    assert desk(here).redeem(link(here, release_id).token)


def test_the_recipient_has_a_notice_until_somebody_there_acknowledges_it(recalled: Released) -> None:
    here, release_id, _ = recalled

    def open_notices(organization: str) -> list[str]:
        with here.store.reading() as connection:
            return [r.id for r in notices(connection, organization)]

    assert open_notices("maps") == [release_id]
    assert open_notices("rivals") == []
    assert code(lambda: acknowledge(here.store, here.actor("rita"), release_id)) == "release-unknown"
    acknowledge(here.store, here.actor("ana"), release_id)
    assert open_notices("maps") == []
    assert here.events(release_id)[-1] == "release:recall_acknowledged"
    assert code(lambda: acknowledge(here.store, here.actor("ana"), release_id)) == "recall-nothing-to-acknowledge"


def test_what_was_not_recalled_has_nothing_to_acknowledge(released: Released) -> None:
    here, release_id, _ = released
    assert code(lambda: acknowledge(here.store, here.actor("ana"), release_id)) == "recall-nothing-to-acknowledge"


# ------------------------------------------------------------------------------------------------- the signed list


def test_an_offline_holder_learns_of_the_recall_by_the_list(recalled: Released, tmp_path: Path) -> None:
    here, release_id, bundle = recalled
    found = read_list(signed(here, tmp_path / "recalls.json"), here.trusted())
    with pytest.raises(Refusal, match="wrong table") as refused:
        found.check(bundle, "whatever it says")
    assert refused.value.code == "bundle-recalled"
    renamed = tmp_path / "renamed.zip"
    renamed.write_bytes(b"other bytes that claim to be the release")
    assert code(lambda: found.check(renamed, release_id)) == "bundle-recalled"
    found.check(renamed, "release-other")


def test_a_list_without_recalls_says_of_when_it_is(released: Released, tmp_path: Path) -> None:
    here, release_id, bundle = released
    before = stamp(here.store.clock())
    found = read_list(signed(here, tmp_path / "recalls.json"), here.trusted())
    assert found.releases == {}
    assert before <= found.issued <= stamp(here.store.clock())
    found.check(bundle, release_id)


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "no envelope": lambda body: body.pop("envelope"),
    "no receipt": lambda body: body.pop("receipt"),
    "an empty receipt": lambda body: body.update(receipt={}),
    "another payload": lambda body: body["envelope"].update(payload="e30="),
    "another index": lambda body: body["receipt"].update(index=0),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_an_altered_list_is_not_believed(
    recalled: Released, tmp_path: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    here, _, _ = recalled
    file = signed(here, tmp_path / "recalls.json")
    body = json.loads(file.read_text())
    change(body)
    file.write_bytes(canonical(body))
    assert code(lambda: read_list(file, here.trusted())) == "recall-list-invalid"


def test_a_list_of_a_stranger_or_an_ended_key_or_of_another_kind_is_not_believed(
    recalled: Released, tmp_path: Path
) -> None:
    here, _, _ = recalled
    stranger = signed(here, tmp_path / "stranger.json", (new_key(),))
    assert "manifest-unknown-key" in why(stranger, here.trusted())
    good = signed(here, tmp_path / "good.json")
    (key,) = here.trusted().release
    ended = replace(key, valid_until=key.valid_from)
    assert "not-in-force" in why(good, Trusted(release=(ended,), ledger=here.trusted().ledger))
    body = json.loads(good.read_text())
    empty = seal(statement_of(KIND, {}, {"issued": stamp(here.store.clock()), "recalls": []}), here.signers())
    swapped = tmp_path / "swapped.json"
    swapped.write_bytes(canonical({**body, "envelope": json.loads(empty)}))
    assert "bundle-ledger-proof" in why(swapped, here.trusted())
    manifest, files = tmp_path / "manifest.json", contents(recalled[2])
    receipt = json.loads(files["receipt.json"])["signed"]
    manifest.write_bytes(canonical({"envelope": json.loads(files["manifest.json"]), "receipt": receipt}))
    assert "manifest-malformed" in why(manifest, here.trusted())


def test_a_list_that_does_not_agree_with_itself_is_not_believed(recalled: Released, tmp_path: Path) -> None:
    here, _, _ = recalled
    statement = statement_of(KIND, {"x.zip": "00"}, {"issued": stamp(here.store.clock()), "recalls": []})
    envelope = seal(statement, here.signers())
    index = here.notary().record(here.actor("officer"), envelope, here.signers(), LISTED, SUBJECT)
    file = tmp_path / "recalls.json"
    body = {"envelope": json.loads(envelope), "receipt": here.notary().prove(index)[0]}
    file.write_bytes(canonical(body))
    assert why(file, here.trusted()) == "unreadable"


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"[" * 100_000, b'{"envelope":1,"receipt":2}'])
def test_what_is_no_list_is_refused(here: Deployment, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "recalls.json"
    file.write_bytes(content)
    assert code(lambda: read_list(file, here.trusted())) == "recall-list-invalid"
    assert code(lambda: read_list(tmp_path / "none.json", here.trusted())) == "recall-list-invalid"


def why(file: Path, trusted: Trusted) -> str:
    with pytest.raises(Invalid) as caught:
        read_list(file, trusted)
    return dict(caught.value.findings[0].params)["why"]
