"""How does an application come to a decision? Drafted, submitted, consented to by every provider, decided.

Every function is one change with its ledger entries. Who may act is asked three times: the role (permission), the
state (lifecycle) and the separation of duties.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from app.authorization.content import Content, from_json
from app.authorization.grants import grant
from app.authorization.scope import Standing, check_scope, providers
from app.domain.duties import acts_for_own_organization, applicant_is_not_decider, consents_for_own_tables_only
from app.domain.errors import Invalid, Refusal
from app.domain.lifecycles import APPLICATION
from app.domain.people import Actor
from app.domain.ports import NewId
from app.store.changes import Change
from app.store.sessions import Store
from app.store.tables import AnyRow, application, consent

DECISIONS = {"approve": "application:approved", "return": "application:returned", "reject": "application:rejected"}
"""What a regulator may decide, and the ledger event of each."""


@dataclass(frozen=True, kw_only=True)
class Consent:
    """The answer of one provider; `given` None: not answered yet."""

    provider: str
    given: bool | None
    by: str | None
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class Application:
    """A request for an authorization as it stands, with the consents of its present revision."""

    id: str
    state: str
    operator: str
    author: str
    content: Content
    revision: int
    consents: tuple[Consent, ...]
    decided_by: str | None
    decision_reason: str | None
    created_at: str
    updated_at: str

    def waiting_for(self) -> tuple[str, ...]:
        """Providers that have not answered."""
        return tuple(c.provider for c in self.consents if c.given is None)


def draft(store: Store, actor: Actor, content: Content, new_id: NewId) -> str:
    """Keep a new application as a draft; answers its identifier."""
    subject = new_id("application")
    with store.change("application:drafted", actor=actor, subject=subject) as change:
        change.create(
            APPLICATION,
            subject,
            "draft",
            details={"scenario": content.scenario, "datasets": list(content.datasets)},
            operator_id=actor.organization,
            author=actor.id,
            title=content.title,
            content=content.to_json(),
            revision=1,
            created_at=change.at,
            updated_at=change.at,
        )
    return subject


def revise(store: Store, actor: Actor, subject: str, content: Content) -> None:
    """Make a returned application a draft again, with new content and the next revision number."""
    with store.change("application:revised", actor=actor, subject=subject) as change:
        found = load(change.connection, subject)
        acts_for_own_organization(actor, found.operator)
        revision = found.revision + 1
        change.move(
            APPLICATION,
            subject,
            "revise",
            details={"revision": revision, "datasets": list(content.datasets)},
            content=content.to_json(),
            title=content.title,
            revision=revision,
        )


def submit(store: Store, actor: Actor, subject: str, standing: Standing | None = None) -> tuple[str, ...]:
    """Submit a draft and ask every provider concerned; answers them.

    Raises Refusal with a finding for everything that cannot be authorized, or that `standing` denies anyway.
    """
    with store.change("application:submitted", actor=actor, subject=subject) as change:
        found = load(change.connection, subject)
        acts_for_own_organization(actor, found.operator)
        change.move(APPLICATION, subject, "submit", details={"revision": found.revision})
        check_scope(change.connection, found.content, standing)
        concerned = providers(change.connection, found.content)
        rows = [{"application_id": subject, "revision": found.revision, "provider_id": p} for p in concerned]
        change.execute(insert(consent), rows)
        change.move(APPLICATION, subject, "ask_providers", details={"providers": list(concerned)})
    return concerned


def answer(store: Store, actor: Actor, subject: str, *, given: bool, reason: str) -> str:
    """A provider consents for its own tables, or does not; answers the application's state.

    The last missing consent sends the application to the regulator; one refusal rejects it.
    """
    event = "consent:given" if given else "consent:refused"
    details = {"provider": actor.organization, "reason": reason}
    with store.change(event, actor=actor, subject=subject, details=details) as change:
        found = load(change.connection, subject)
        actor.require("application:consent")
        applicant_is_not_decider(actor, found.operator)
        if found.state != "provider_review":  # the lifecycle says so too, but only once all have answered
            raise Refusal("application-not-with-providers", id=subject, state=found.state)
        consents_for_own_tables_only(actor, [c.provider for c in found.consents])
        if actor.organization not in found.waiting_for():
            raise Refusal("application-answered", id=subject, provider=actor.organization)
        _keep_answer(change, found, given=given, reason=reason)
        if not given:
            return change.move(APPLICATION, subject, "decline", details={"provider": actor.organization})
        if found.waiting_for() == (actor.organization,):
            return change.move(APPLICATION, subject, "consent", details={"revision": found.revision})
        return found.state


def decide(store: Store, actor: Actor, subject: str, *, choice: str, reason: str, new_id: NewId) -> str | None:
    """The regulator's decision ("approve", "return", "reject"); an approval answers the new authorization's identifier.

    The scope is held against the catalog once more: what was withdrawn meanwhile cannot be approved.
    """
    if choice not in DECISIONS:
        raise Invalid("application-unknown-choice", choice=choice, known=", ".join(DECISIONS))
    if not reason.strip():
        raise Invalid("reason-missing")
    with store.change(DECISIONS[choice], actor=actor, subject=subject, details={"reason": reason}) as change:
        found = load(change.connection, subject)
        change.move(APPLICATION, subject, choice, decided_by=actor.id, decision_reason=reason)
        applicant_is_not_decider(actor, found.operator)
        if choice != "approve":
            return None
        check_scope(change.connection, found.content)
        return grant(change, found.id, found.operator, found.content, new_id)


def withdraw(store: Store, actor: Actor, subject: str, *, reason: str) -> None:
    """The applicant takes an application back before a decision."""
    with store.change("application:withdrawn", actor=actor, subject=subject, details={"reason": reason}) as change:
        acts_for_own_organization(actor, load(change.connection, subject).operator)
        change.move(APPLICATION, subject, "withdraw")


def load(connection: Connection, subject: str) -> Application:
    """The application `subject`; Refusal("not-found") when there is none."""
    row = connection.execute(select(application).where(application.c.id == subject)).one_or_none()
    if row is None:
        raise Refusal("not-found", thing="application", id=subject)
    return _application(connection, row)


def listed(connection: Connection, *, state: str | None = None) -> list[Application]:
    """Applications, oldest first; in one state when `state` is given."""
    query = select(application).order_by(application.c.created_at, application.c.id)
    if state is not None:
        query = query.where(application.c.state == state)
    return [_application(connection, row) for row in connection.execute(query).all()]


def _keep_answer(change: Change, found: Application, *, given: bool, reason: str) -> None:
    row = (
        (consent.c.application_id == found.id)
        & (consent.c.revision == found.revision)
        & (consent.c.provider_id == change.actor.organization)
    )
    change.execute(
        update(consent).where(row).values(given=given, by=change.actor.id, reason=reason, decided_at=change.at)
    )


def _application(connection: Connection, row: AnyRow) -> Application:
    same = (consent.c.application_id == row.id) & (consent.c.revision == row.revision)
    answers = connection.execute(select(consent).where(same).order_by(consent.c.provider_id))
    return Application(
        id=row.id,
        state=row.state,
        operator=row.operator_id,
        author=row.author,
        content=from_json(row.content),
        revision=row.revision,
        consents=tuple(Consent(provider=a.provider_id, given=a.given, by=a.by, reason=a.reason) for a in answers),
        decided_by=row.decided_by,
        decision_reason=row.decision_reason,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
