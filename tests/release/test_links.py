"""A link hands a bundle over once, to whoever holds it, in its time; its token is kept nowhere."""

from __future__ import annotations

import secrets
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from app.bootstrap import build
from app.domain.errors import Refusal, Unavailable
from app.domain.times import moment
from app.identity.register import doorkeeper
from app.ledger import journal
from app.release import links, records
from app.release.desk import HandingOut
from app.release.links import MAX_HOURS, NewLink, make_link
from app.store.tables import release, release_link
from tests.jobs.deployment import Deployment
from tests.release.bundles import Released, code


def link(here: Deployment, release_id: str, person: str = "officer", hours: int = 24) -> NewLink:
    return make_link(
        here.store,
        here.actor(person),
        release_id,
        hours=hours,
        new_id=here.services.new_id,
        new_token=secrets.token_urlsafe,
    )


def desk(here: Deployment) -> HandingOut:
    return HandingOut(store=here.store, releases=here.services.config.home / "releases", doorkeeper=doorkeeper())


def test_a_link_hands_the_bundle_over_once_and_the_ledger_names_the_recipient(released: Released) -> None:
    here, release_id, bundle = released
    made = link(here, release_id)
    offer, file = desk(here).redeem(made.token)
    assert (file, offer.record.id, made.recipient) == (bundle, release_id, "maps")
    assert code(lambda: desk(here).redeem(made.token)) == "link-used"
    assert code(lambda: desk(here).look(made.token)) == "link-used"
    with here.store.reading() as connection:
        (entry,) = journal.entries(connection, subject=release_id, event="release:fetched")
        assert records.load(connection, release_id).fetched_at == entry.at
    assert dict(entry.details) == {"link": made.id, "recipient": "maps", "sha256": offer.record.sha256}


def test_looking_uses_nothing_up(released: Released) -> None:
    here, release_id, _ = released
    made = link(here, release_id)
    for _ in range(3):
        assert desk(here).look(made.token).to_json()["expires_at"] == made.expires_at
    assert desk(here).redeem(made.token)


def test_the_token_is_kept_nowhere(released: Released) -> None:
    here, release_id, _ = released
    made = link(here, release_id)
    assert len(made.token) >= 43  # 256 bits
    desk(here).redeem(made.token)
    here.store.close()
    for file in here.services.config.home.rglob("*"):
        if file.is_file():
            assert made.token.encode() not in file.read_bytes(), file


def test_of_two_who_fetch_at_the_same_moment_one_gets_it(released: Released) -> None:
    here, release_id, _ = released
    made, answers, together = link(here, release_id), [], threading.Barrier(4)

    def go() -> None:
        together.wait(10)
        try:
            desk(here).redeem(made.token)
            answers.append("fetched")
        except (Refusal, Unavailable) as error:
            answers.append(error.code)

    threads = [threading.Thread(target=go) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(answers) == ["fetched", "link-used", "link-used", "link-used"]
    assert here.events(release_id).count("release:fetched") == 1


def test_a_new_link_makes_the_earlier_one_void(released: Released) -> None:
    here, release_id, _ = released
    first, second = link(here, release_id), link(here, release_id)
    assert code(lambda: desk(here).redeem(first.token)) == "link-void"
    assert desk(here).redeem(second.token)


def test_a_link_ends_with_its_time_and_no_link_lives_for_ever(released: Released) -> None:
    here, release_id, _ = released
    made = link(here, release_id, hours=10_000)
    with here.store.reading() as connection:
        row = connection.execute(select(release_link)).one()
    assert moment(row.expires_at) - moment(row.created_at) == timedelta(hours=MAX_HOURS)
    later = moment(row.expires_at)
    then = Deployment(services=build(here.services.config, clock=lambda: later))
    assert code(lambda: desk(then).look(made.token)) == "link-expired"
    assert code(lambda: desk(then).redeem(made.token)) == "link-expired"
    assert "release:fetched" not in here.events(release_id)


@pytest.mark.parametrize("token", ["", "x", "x" * 10_000, "\x00", "漏", "\ud800"])
def test_what_is_no_token_offers_nothing(released: Released, token: str) -> None:
    assert code(lambda: desk(released[0]).look(token)) == "link-unknown"
    assert code(lambda: desk(released[0]).redeem(token)) == "link-unknown"


def test_who_may_make_a_link(released: Released) -> None:
    here, release_id, _ = released
    for person in ("officer", "ana"):  # the second is of the operator, and may fetch
        assert link(here, release_id, person).recipient == "maps"
    for stranger in ("rita", "rev-data", "security"):
        assert code(lambda p=stranger: link(here, release_id, p)) == "release-unknown"  # type: ignore[misc]
    assert code(lambda: link(here, "release-none")) == "release-unknown"


def test_a_bundle_that_was_altered_on_disk_is_not_handed_over_and_the_link_stays(released: Released) -> None:
    here, release_id, bundle = released
    made, content = link(here, release_id), bundle.read_bytes()
    for spoil in (lambda: bundle.write_bytes(content + b"x"), bundle.unlink):
        spoil()
        with pytest.raises(Unavailable) as refused:
            desk(here).redeem(made.token)
        assert refused.value.code == "release-bundle-missing"
    bundle.write_bytes(content)
    assert desk(here).redeem(made.token)


def test_a_bundle_whose_name_was_not_given_yet_is_found(released: Released) -> None:
    here, release_id, bundle = released
    made = link(here, release_id)
    bundle.rename(bundle.with_suffix(".pending"))
    assert desk(here).redeem(made.token)[1] == bundle


def test_a_moment_between_look_and_take_is_not_enough(released: Released, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between reading and writing the release is recalled: the write sees it."""
    here, release_id, _ = released
    made = link(here, release_id)
    real = records.bundle_file

    def meanwhile(record: records.ReleaseRecord, releases: Path) -> Path:
        with here.store.change("output:recalled", actor=here.machine(), subject="x") as change:
            links.make_void(change, release_id)
        return real(record, releases)

    monkeypatch.setattr(links, "bundle_file", meanwhile)
    assert code(lambda: desk(here).redeem(made.token)) == "link-void"
    assert "release:fetched" not in here.events(release_id)


def test_the_write_itself_lets_one_through(released: Released, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a database shows two transactions the same unused link, the second one changes no row."""
    here, release_id, _ = released
    made = link(here, release_id)
    offer = desk(here).look(made.token)
    monkeypatch.setattr(links, "look", lambda *_: offer)
    assert desk(here).redeem(made.token)
    assert code(lambda: desk(here).redeem(made.token)) == "link-used"
    assert here.events(release_id).count("release:fetched") == 1


def test_a_watermark_leads_to_its_release(released: Released) -> None:
    here, release_id, _ = released
    with here.store.reading() as connection:
        mark = connection.execute(select(release.c.watermark)).scalar_one()
        assert records.marked(connection, mark).id == release_id
        assert code(lambda: records.marked(connection, "mark-none")) == "watermark-unknown"
