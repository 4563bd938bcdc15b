"""Is this authorization in force? Granted, signed, suspended, ended; and the value that later stages read."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, select

from app.authorization.content import Content
from app.authorization.pinned import pin
from app.domain.authorizations import MAX_TERM_MONTHS, Authorization
from app.domain.duties import acts_for_own_organization
from app.domain.errors import Broken, Invalid, Refusal
from app.domain.lifecycles import AUTHORIZATION
from app.domain.people import Actor, Side
from app.domain.ports import NewId
from app.domain.times import moment, months_later, stamp
from app.store.changes import Change
from app.store.sessions import Store
from app.store.tables import AnyRow, authorization

NOT_IN_FORCE = {
    "awaiting_signature": "authorization-unsigned",
    "suspended": "authorization-suspended",
    "expired": "authorization-expired",
}
"""State → refusal code; every other state but "active" is "authorization-ended"."""

_STEPS = {
    "suspend": "authorization:suspended",
    "resume": "authorization:resumed",
    "terminate": "authorization:terminated",
    "revoke": "authorization:revoked",
    "close": "authorization:closing_begun",
    "destroy": "authorization:destroyed",
}


def grant(change: Change, application: str, operator: str, content: Content, new_id: NewId) -> str:
    """Create the authorization of an approved application, awaiting its signature; answers its identifier."""
    if not 1 <= content.term_months <= MAX_TERM_MONTHS:
        raise Broken("authorization-term", months=content.term_months, most=MAX_TERM_MONTHS)
    subject = new_id("authorization")
    scope = {
        "scenario": content.scenario,
        "purpose": content.purpose,
        "products": list(content.products),
        "recipients": list(content.recipients),
        "regions": list(content.regions),
        "enterprise_tables": [name for name, _ in content.tables],
        "uses": [list(row) for row in content.uses],
    }
    change.create(
        AUTHORIZATION,
        subject,
        "grant",
        details={"application": application, "operator": operator, "term_months": content.term_months, "scope": scope},
        application_id=application,
        operator_id=operator,
        scope=scope,
        term_months=content.term_months,
        created_at=change.at,
        updated_at=change.at,
    )
    return subject


def sign(store: Store, actor: Actor, subject: str, *, agreement: str) -> Authorization:
    """The operator signs the agreement (its number or hash is recorded); the term begins now."""
    if not agreement.strip():
        raise Invalid("agreement-missing")
    with store.change("authorization:signed", actor=actor, subject=subject) as change:
        found = _row(change.connection, subject)
        acts_for_own_organization(actor, found.operator_id)
        until = stamp(months_later(moment(change.at), found.term_months))
        details = {"agreement": agreement, "valid_until": until}
        change.move(AUTHORIZATION, subject, "sign", details=details, valid_from=change.at, valid_until=until)
        pin(change, subject, (dataset for dataset, _, _ in found.scope["uses"]))
        return load(change.connection, subject)


def step(store: Store, actor: Actor, subject: str, event: str, *, reason: str) -> str:
    """Suspend, resume, terminate, revoke, close or destroy (`event`), with a reason; answers the new state."""
    if event not in _STEPS:
        raise Invalid("authorization-unknown-step", step=event, known=", ".join(_STEPS))
    if not reason.strip():
        raise Invalid("reason-missing")
    with store.change(_STEPS[event], actor=actor, subject=subject, details={"reason": reason}) as change:
        found = _row(change.connection, subject)
        if actor.side is Side.USE:
            acts_for_own_organization(actor, found.operator_id)
        if event == "resume" and _is_over(found, change.at):
            raise Refusal("authorization-expired", id=subject, until=found.valid_until)
        return change.move(AUTHORIZATION, subject, event)


def expire_due(store: Store, machine: Actor) -> list[str]:
    """Let every authorization whose term is over expire; answers their identifiers. For the worker's rounds."""
    now = stamp(store.clock())
    table = authorization.c
    query = select(table.id).where(table.state.in_(("active", "suspended")), table.valid_until <= now)
    with store.reading() as connection:
        due = list(connection.execute(query.order_by(table.id)).scalars())
    for subject in due:
        with store.change("authorization:expired", actor=machine, subject=subject) as change:
            change.move(AUTHORIZATION, subject, "expire")
    return due


def active_authorization(connection: Connection, subject: str, now: datetime) -> Authorization:
    """The authorization `subject`, in force at `now`.

    Raises Refusal: "not-found", "authorization-unsigned", "authorization-suspended", "authorization-expired" (the term
    counts, even before the state has followed) or "authorization-ended".
    """
    row = _row(connection, subject)
    if row.state != "active":
        code = NOT_IN_FORCE.get(row.state, "authorization-ended")
        raise Refusal(code, id=subject, state=row.state, until=row.valid_until or "-")
    if _is_over(row, stamp(now)):
        raise Refusal("authorization-expired", id=subject, state=row.state, until=row.valid_until)
    return _authorization(row)


def load(connection: Connection, subject: str) -> Authorization:
    """The authorization `subject`, in force or not; Refusal("not-found") when there is none."""
    return _authorization(_row(connection, subject))


def listed(connection: Connection, *, operator: str | None = None, state: str | None = None) -> list[Authorization]:
    """Authorizations, oldest first."""
    query = select(authorization).order_by(authorization.c.created_at, authorization.c.id)
    if operator is not None:
        query = query.where(authorization.c.operator_id == operator)
    if state is not None:
        query = query.where(authorization.c.state == state)
    return [_authorization(row) for row in connection.execute(query)]


def _is_over(row: AnyRow, now: str) -> bool:
    return row.valid_until is None or bool(row.valid_until <= now)


def _row(connection: Connection, subject: str) -> AnyRow:
    row = connection.execute(select(authorization).where(authorization.c.id == subject)).one_or_none()
    if row is None:
        raise Refusal("not-found", thing="authorization", id=subject)
    return row


def _authorization(row: AnyRow) -> Authorization:
    scope = row.scope
    return Authorization(
        id=row.id,
        operator=row.operator_id,
        scenario=scope["scenario"],
        purpose=scope["purpose"],
        products=tuple(scope["products"]),
        uses=tuple((dataset, field, use) for dataset, field, use in scope["uses"]),
        enterprise_tables=tuple(scope["enterprise_tables"]),
        recipients=tuple(scope["recipients"]),
        regions=tuple(scope.get("regions", ())),
        state=row.state,
        valid_from=moment(row.valid_from) if row.valid_from else None,
        valid_until=moment(row.valid_until) if row.valid_until else None,
    )
