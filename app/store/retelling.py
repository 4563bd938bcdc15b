"""Does the ledger, told from its beginning, end in the states that the tables hold? Both must tell one story.

Every move along a lifecycle, every release and every registration is an entry, and so is what they say of roles, scopes
and hashes; whoever changes a table behind the ledger's back leaves a row that the entries do not lead to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

from sqlalchemy import Connection, select

from app.domain.errors import Refusal
from app.domain.lifecycles import LIFECYCLES, START
from app.ledger import journal
from app.ledger.entries import Entry, canonical
from app.store.tables import (
    SCHEMA,
    STATE_TABLES,
    authorization_version,
    organization,
    person,
    privacy_spending,
    release,
    role_membership,
    template_vote,
    vote,
)

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

ATTRIBUTES: dict[str, dict[str, str]] = {
    "organization:registered": {"organization.kind": "kind"},
    "person:registered": {"person.organization_id": "organization", "role_membership.role": "roles"},
    "dataset:mounted": {"catalog_entry.current_version": "version"},
    "authorization:granted": {"authorization.scope": "scope", "authorization.term_months": "term_months"},
    "authorization:signed": {"authorization.valid_until": "valid_until", "authorization_version.version": "versions"},
    "authorization:version_renewed": {"authorization_version.version": "versions"},
    "output:quarantined": {"output.report_hash": "report_hash", "output.files": "files"},
    "policy:drafted": {"policy.digest": "content_sha256"},
    "policy:revised": {"policy.digest": "content_sha256"},
    "template:proposed": {"template.digest": "digest"},
    "template:submitted": {"template.digest": "digest"},
    "release:bundled": {"release.bundle_sha256": "sha256", "release.recipient": "recipient"},
}
"""Event → column → the detail that the column must repeat until another entry says something else."""

VOTES = {"vote:cast": "vote", "template:voted": "template_vote"}
"""Event → the table in which whoever acted then has a row about the subject; how they voted stands in no entry."""

_CLAIMED = "claimed"
"""The choice of who took a seat in a review and has not voted yet."""
_SPENT = "privacy:spent"
_ROLE, _VERSION = "role_membership.role", "authorization_version.version"
_LONGEST = 60
"""Characters of a value in a refusal."""

_MOVES = {t.ledger_event: life for life in LIFECYCLES.values() for t in life.transitions}

Thing = tuple[str, str]
"""(kind of thing or column, identifier)."""


@dataclass
class Told:
    """Where the entries lead: the state of every thing, and the last entry that changed it."""

    states: dict[Thing, str] = field(default_factory=dict)
    last: dict[Thing, int] = field(default_factory=dict)

    def hear(self, entry: Entry) -> None:
        """Follow one entry. Raises Refusal("ledger-move-impossible") when it is no move from where the thing stands."""
        for column, detail in ATTRIBUTES.get(entry.event, {}).items():
            if detail in entry.details:
                self._note(entry, column, said(entry.details[detail]))
        if entry.event in SIMPLE:
            self._note(entry, *SIMPLE[entry.event])
        elif entry.event in _MOVES:
            kind = _MOVES[entry.event].name
            self._note(entry, kind, self._moved(entry, (kind, entry.subject)))
        elif entry.event in VOTES:
            self._note(entry, VOTES[entry.event], "voted", entry.actor)
        elif entry.event == _SPENT:
            for dataset in cast("list[str]", entry.details.get("datasets", [])):
                before = self.states.get((privacy_spending.name, f"{entry.subject} {dataset}"), "")
                self._note(entry, privacy_spending.name, f"{before} {entry.details.get('epsilon')}", dataset)

    def _note(self, entry: Entry, kind: str, state: str, of: str = "") -> None:
        """Keep a state of the entry's subject, or of what `of` names beside it."""
        thing = (kind, f"{entry.subject} {of}" if of else entry.subject)
        self.states[thing], self.last[thing] = state, entry.index

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


def said(value: object) -> str:
    """A value as an entry and a table say it: text as it is, everything else as canonical JSON."""
    return value if isinstance(value, str) else canonical(value)


def told(entries: Iterable[Entry]) -> Told:
    """Where `entries` lead, from nothing."""
    story = Told()
    for entry in entries:
        story.hear(entry)
    return story


def stored(connection: Connection) -> dict[Thing, str]:
    """The states that the tables hold, and the columns of `ATTRIBUTES`."""
    states = {
        (name, str(subject)): str(state)
        for name, table in STATE_TABLES.items()
        for subject, state in connection.execute(select(table.c.id, table.c.state))
    }
    for table in (organization, person):
        for subject, active in connection.execute(select(table.c.id, table.c.active)):
            states[table.name, str(subject)] = "active" if active else "suspended"
    states |= {("release", str(subject)): "made" for subject in connection.execute(select(release.c.id)).scalars()}
    listed = _attributes(connection) | _roles(connection) | _versions(connection)
    return states | listed | _votes(connection) | _spent(connection)


def _attributes(connection: Connection) -> dict[Thing, str]:
    found = {}
    for name in sorted({column for columns in ATTRIBUTES.values() for column in columns} - {_ROLE, _VERSION}):
        table, _, column = name.partition(".")
        columns = SCHEMA.tables[table].c
        for subject, value in connection.execute(select(columns.id, columns[column])):
            if value is not None:
                found[name, str(subject)] = said(value)
    return found


def _roles(connection: Connection) -> dict[Thing, str]:
    """The roles of every person, as the entry of a registration lists them."""
    held: dict[str, list[str]] = {}
    query = select(role_membership).order_by(role_membership.c.role)
    for row in connection.execute(query):
        held.setdefault(row.person_id, []).append(row.role)
    return {(_ROLE, subject): said(roles) for subject, roles in held.items()}


def _versions(connection: Connection) -> dict[Thing, str]:
    """The versions of data sets that every authorization goes on with, as the entry of its signature lists them."""
    held: dict[str, dict[str, str]] = {}
    for row in connection.execute(select(authorization_version)):
        held.setdefault(row.authorization_id, {})[row.dataset] = row.version
    return {(_VERSION, subject): said(versions) for subject, versions in held.items()}


def _votes(connection: Connection) -> dict[Thing, str]:
    """Who has voted in which review; a seat that was only claimed is given up without an entry."""
    rows = {
        vote.name: select(vote.c.output_id, vote.c.reviewer).where(vote.c.choice != _CLAIMED),
        template_vote.name: select(template_vote.c.template_id, template_vote.c.reviewer),
    }
    return {(name, f"{a} {b}"): "voted" for name, query in rows.items() for a, b in connection.execute(query)}


def _spent(connection: Connection) -> dict[Thing, str]:
    """What every job has spent of every data set, run by run."""
    found: dict[Thing, str] = {}
    for row in connection.execute(select(privacy_spending).order_by(privacy_spending.c.id)):
        thing = (privacy_spending.name, f"{row.job_id} {row.dataset}")
        found[thing] = f"{found.get(thing, '')} {row.epsilon}"
    return found


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
        told=story.states.get(thing, NOWHERE)[:_LONGEST],
        state=now.get(thing, NOWHERE)[:_LONGEST],
        index=story.last.get(thing, NOWHERE),
    )
