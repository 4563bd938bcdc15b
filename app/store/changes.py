"""What may happen inside one change? Rows written, states moved along their lifecycle, ledger entries collected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, CursorResult, Executable, insert, select, update

from app.domain.errors import Broken, Refusal, Unavailable
from app.domain.events import known_events
from app.domain.lifecycles import START, Lifecycle, Transition, transition
from app.domain.people import Actor
from app.ledger import journal
from app.ledger.entries import Entry
from app.store.tables import STATE_TABLES


@dataclass(frozen=True, kw_only=True)
class _Pending:
    event: str
    subject: str
    details: dict[str, object]


class Change:
    """One open transaction; built by `Store.change` alone."""

    def __init__(self, connection: Connection, *, actor: Actor, at: str) -> None:
        """`at` is the moment of the change as text; it dates rows and entries alike."""
        self.connection = connection
        self.actor = actor
        self.at = at
        self.appended: tuple[Entry, ...] = ()
        self._pending: list[_Pending] = []

    def execute(
        self, statement: Executable, parameters: Sequence[Mapping[str, object]] | None = None
    ) -> CursorResult[Any]:
        """Run one statement in this transaction; states of lifecycles are moved with `move` instead."""
        return self.connection.execute(statement, parameters)

    def record(self, event: str, *, subject: str, details: Mapping[str, object] | None = None) -> None:
        """Add a ledger entry to this change. An entry of the same event and subject takes up the new details."""
        if event not in known_events():
            raise Broken("event-unknown", event=event)
        same = next((p for p in self._pending if (p.event, p.subject) == (event, subject)), None)
        if same is not None:
            same.details.update(details or {})
            return
        self._pending.append(_Pending(event=event, subject=subject, details=dict(details or {})))

    def _moved(self, event: str, subject: str, details: Mapping[str, object] | None) -> None:
        """Record a move. It takes its place in the order of moves even if the change was opened with its event."""
        self.record(event, subject=subject, details=details)
        self._pending.sort(key=lambda p: (p.event, p.subject) == (event, subject))

    def create(
        self,
        lifecycle: Lifecycle,
        subject: str,
        event: str,
        *,
        details: Mapping[str, object] | None = None,
        **columns: object,
    ) -> str:
        """Insert the row `subject` of a lifecycle in the state that `event` begins with; answers that state."""
        step = self._permitted(lifecycle, START, event)
        self.execute(insert(STATE_TABLES[lifecycle.name]).values(id=subject, state=step.target, **columns))
        self._moved(step.ledger_event, subject, details)
        return step.target

    def move(
        self,
        lifecycle: Lifecycle,
        subject: str,
        event: str,
        *,
        details: Mapping[str, object] | None = None,
        only_if: Sequence[ColumnElement[bool]] = (),
        **columns: object,
    ) -> str:
        """Move the thing `subject` along its lifecycle, by compare-and-set on its state; answers the new state.

        Writes `columns` in the same statement and records the transition's ledger event. `only_if` are further
        conditions on the row, e.g. a fence. Raises Refusal for an unknown thing, an impossible move or a missing
        permission, and Unavailable("state-changed") when the row is no longer what it was.
        """
        table = STATE_TABLES[lifecycle.name]
        state = self.connection.execute(select(table.c.state).where(table.c.id == subject)).scalar_one_or_none()
        if state is None:
            raise Refusal("not-found", thing=lifecycle.name, id=subject)
        step = self._permitted(lifecycle, state, event)
        if "updated_at" in table.c:
            columns.setdefault("updated_at", self.at)
        statement = update(table).where(table.c.id == subject, table.c.state == state, *only_if)
        if self.execute(statement.values(state=step.target, **columns)).rowcount != 1:
            raise Unavailable("state-changed", thing=lifecycle.name, id=subject)
        self._moved(step.ledger_event, subject, details)
        return step.target

    def seal(self) -> None:
        """Append every collected entry to the ledger; `Store.change` calls this right before it commits.

        `appended` holds the entries afterwards, with their places in the ledger.
        """
        self.appended = tuple(
            journal.append(
                self.connection,
                at=self.at,
                event=entry.event,
                actor=self.actor.id,
                subject=entry.subject,
                details=entry.details,
            )
            for entry in self._pending
        )

    def _permitted(self, lifecycle: Lifecycle, state: str, event: str) -> Transition:
        step = transition(lifecycle, state, event)
        self.actor.require(step.permission)
        return step
