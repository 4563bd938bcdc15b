"""How does a template come before its reviewers, and how does it end? Each step is one change with its ledger entry.

A change of a template is a new version with the same name; what was approved stays as it is.
"""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from app.domain.duties import acts_for_own_organization
from app.domain.errors import Invalid, Refusal
from app.domain.lifecycles import TEMPLATE
from app.domain.people import Actor, Side
from app.domain.ports import NewId
from app.store.sessions import Store
from app.store.standing import ended_state
from app.store.tables import authorization, template
from app.templates.document import Template
from app.templates.records import Appraise, TemplateRecord, digest_of, load


def propose(store: Store, actor: Actor, authorization_id: str, content: Template, new_id: NewId) -> TemplateRecord:
    """Keep a template as a draft: the first version of its name under an authorization, or the next one.

    Raises Refusal "not-permitted", "template-foreign-authorization", "job-authorization-ended".
    """
    subject = new_id("template")
    with store.change("template:proposed", actor=actor, subject=subject) as change:
        operator = _operator_of(change.connection, actor, authorization_id, change.at)
        version = _next_version(change.connection, authorization_id, content.name)
        digest = digest_of(
            authorization=authorization_id,
            operator=operator,
            author=actor.id,
            version=version,
            content=content,
            appraisal=None,
        )
        change.create(
            TEMPLATE,
            subject,
            "propose",
            details={"name": content.name, "version": version, "authorization": authorization_id, "digest": digest},
            authorization_id=authorization_id,
            operator_id=operator,
            author=actor.id,
            name=content.name,
            version=version,
            content=content.to_json(),
            digest=digest,
            created_at=change.at,
            updated_at=change.at,
        )
        return load(change.connection, subject)


def submit(store: Store, actor: Actor, subject: str, appraise: Appraise) -> TemplateRecord:
    """Hand a draft to its reviewers, with what it was found to do for representative values.

    Raises what `appraise` raises, and Refusal("template-altered") for a draft that is not what was proposed.
    """
    with store.reading() as connection:
        draft = load(connection, subject)
    acts_for_own_organization(actor, draft.operator)
    _is_whole(draft)
    appraisal = appraise(draft)
    digest = draft.digest_with(appraisal)
    with store.change("template:submitted", actor=actor, subject=subject) as change:
        details = {"digest": digest, "policy_version": appraisal.policy_version, "analyses": appraisal.analyses}
        change.move(
            TEMPLATE,
            subject,
            "submit",
            details=details,
            only_if=(template.c.digest == draft.digest,),
            appraisal=appraisal.to_json(),
            digest=digest,
        )
        return load(change.connection, subject)


def withdraw(store: Store, actor: Actor, subject: str, *, reason: str) -> TemplateRecord:
    """Take a version back before it is decided."""
    return _end(store, actor, subject, "template:withdrawn", "withdraw", reason)


def retire(store: Store, actor: Actor, subject: str, *, reason: str) -> TemplateRecord:
    """Let an approved version run no more: its operator may say so, and the regulator."""
    return _end(store, actor, subject, "template:retired", "retire", reason)


def _end(store: Store, actor: Actor, subject: str, ledger_event: str, event: str, reason: str) -> TemplateRecord:
    if not reason.strip():
        raise Invalid("reason-missing")
    with store.change(ledger_event, actor=actor, subject=subject, details={"reason": reason}) as change:
        if actor.side is Side.USE:
            acts_for_own_organization(actor, load(change.connection, subject).operator)
        change.move(TEMPLATE, subject, event)
        return load(change.connection, subject)


def _operator_of(connection: Connection, actor: Actor, authorization_id: str, at: str) -> str:
    """The operator of an authorization that is in force and the actor's own."""
    query = select(authorization.c.operator_id).where(authorization.c.id == authorization_id)
    operator = connection.execute(query).scalar_one_or_none()
    if operator is None or operator != actor.organization:
        raise Refusal("template-foreign-authorization", authorization=authorization_id)
    ended = ended_state(connection, authorization_id, at)
    if ended is not None:
        raise Refusal("job-authorization-ended", authorization=authorization_id, state=ended)
    return str(operator)


def _next_version(connection: Connection, authorization_id: str, name: str) -> int:
    same = (template.c.authorization_id == authorization_id, template.c.name == name)
    return int(connection.execute(select(func.coalesce(func.max(template.c.version), 0)).where(*same)).scalar_one()) + 1


def _is_whole(record: TemplateRecord) -> None:
    if record.computed_digest() != record.digest:
        raise Refusal("template-altered", id=record.id)
