"""Does the ledger, told from its beginning, end in the states that the tables hold? Both must tell one story.

Every move along a lifecycle, every release and every registration is an entry; whoever changes a table behind the
ledger's back leaves a row that the entries do not lead to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from app.domain.errors import Refusal
from app.domain.lifecycles import LIFECYCLES, START
from app.ledger import journal
from app.ledger.entries import Entry
from app.store.tables import STATE_TABLES, organization, person, release

NOWHERE = "-"
"""The state of what is not there."""

AGAIN = frozenset({"catalog_entry:described"})
"""Events that begin a thing and may be told again when it is described anew."""

SIMPLE: dict[str, tuple[str, str]] = {
    "release:bundled": ("release", "made"),
    "organization:registered": ("organization", "active"),
    "organization:suspended": ("organization", "suspended"),
    "organization:reinstated": ("organization", "active"),
    "person:registered": ("person", "active"),
    "person:suspended": ("person", "suspended"),
    "person:reinstated": ("person", "active"),
}
"""Event → the thing it is about and the state it leaves it in, for things without a lifecycle."""

_MOVES = {t.ledger_event: life for life in LIFECYCLES.values() for t in life.transitions}

Thing = tuple[str, str]
"""(kind, identifier)."""


@dataclass
class Told:
    """Where the entries lead: the state of every thing, and the last entry that changed it."""

    states: dict[Thing, str] = field(default_factory=dict)
    last: dict[Thing, int] = field(default_factory=dict)

    def hear(self, entry: Entry) -> None:
        """Follow one entry. Raises Refusal("ledger-move-impossible") when it is no move from where the thing stands."""
        if entry.event in SIMPLE:
            kind, state = SIMPLE[entry.event]
        elif entry.event in _MOVES:
            kind = _MOVES[entry.event].name
            state = self._moved(entry, (kind, entry.subject))
        else:
            return
        self.states[kind, entry.subject] = state
        self.last[kind, entry.subject] = entry.index

    def _moved(self, entry: Entry, thing: Thing) -> str:
        here = self.states.get(thing, START)
        for step in _MOVES[entry.event].leaving(here):
            if step.ledger_event == entry.event:
                return step.target
        if here != START and entry.event in AGAIN:
            return here
        kind, subject = thing
        raise Refusal(
            "ledger-move-impossible",
            index=entry.index,
            event=entry.event,
            thing=kind,
            id=subject,
            state=here or NOWHERE,
        )


def told(entries: Iterable[Entry]) -> Told:
    """Where `entries` lead, from nothing."""
    story = Told()
    for entry in entries:
        story.hear(entry)
    return story


def stored(connection: Connection) -> dict[Thing, str]:
    """The states that the tables hold."""
    states = {
        (name, str(subject)): str(state)
        for name, table in STATE_TABLES.items()
        for subject, state in connection.execute(select(table.c.id, table.c.state))
    }
    for table in (organization, person):
        for subject, active in connection.execute(select(table.c.id, table.c.active)):
            states[table.name, str(subject)] = "active" if active else "suspended"
    states |= {("release", str(subject)): "made" for subject in connection.execute(select(release.c.id)).scalars()}
    return states


def require_same_states(connection: Connection) -> None:
    """Raise Refusal("ledger-states-differ") with the first thing of which ledger and tables differ, if there is one."""
    story, now = told(journal.entries(connection)), stored(connection)
    different = [t for t in {*story.states, *now} if story.states.get(t) != now.get(t)]
    if not different:
        return
    thing = min(different, key=lambda t: (story.last.get(t, -1), t))
    raise Refusal(
        "ledger-states-differ",
        thing=thing[0],
        id=thing[1],
        told=story.states.get(thing, NOWHERE),
        state=now.get(thing, NOWHERE),
        index=story.last.get(thing, NOWHERE),
    )
