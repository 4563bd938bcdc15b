"""Does the account count what is there, in both languages, and nothing twice?"""

from __future__ import annotations

import tomllib
from importlib.resources import files

from app.domain.lifecycles import LIFECYCLES
from app.store.account import Part, account
from tests.governance.world import World


def drawn(world: World) -> tuple[Part, ...]:
    with world.store.reading() as connection:
        return account(connection)


def counted(world: World) -> dict[str, int]:
    return {row.key: row.count for part in drawn(world) for row in part.rows}


def test_it_counts_resources_uses_parties_and_what_was_done(world: World) -> None:
    world.signed()
    world.signed()
    suspended = world.signed(scenario="other")
    world.stepped(suspended, "suspend")
    world.drafted()
    world.services.checkpoint()
    found = counted(world)
    expected = {
        "catalog_entry:published": 3,
        "fields:L2": 7,
        "rows": 0,
        "scenarios": 1,
        "products:statistics": 2,
        "field_uses:group": 2,
        "dataset:incident": 2,
        "provider": 2,
        "people": 10,
        "application:draft": 1,
        "application:approved": 3,
        "authorization:active": 2,
        "authorization:suspended": 1,
        "entries": world.entries(),
        "checkpoints": 1,
        "witnesses": 0,
    }
    assert {key: found.get(key) for key in expected} == expected


def test_every_state_has_its_line_and_every_line_its_words(world: World) -> None:
    rows = [row for part in drawn(world) for row in part.rows]
    assert {f"{life.name}:{s.name}" for life in LIFECYCLES.values() for s in life.states} <= {r.key for r in rows}
    assert len({r.key for r in rows}) == len(rows)
    assert all(r.label.zh and r.label.en and "{" not in r.label.zh + r.label.en for r in rows)


def test_the_words_are_there_in_both_languages() -> None:
    words = tomllib.loads(files("app.store").joinpath("account.toml").read_text(encoding="utf-8"))
    texts = [text for part in words.values() for text in part.values()]
    assert all(set(text) == {"zh", "en"} and ("{x}" in text["zh"]) == ("{x}" in text["en"]) for text in texts)
