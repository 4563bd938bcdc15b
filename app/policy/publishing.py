"""How do other rules take the place of those in force? Drafted, submitted, published; each one change with its entry.

Nobody publishes what they wrote; a draft that was made from another version than the one in force is not published,
because it would undo what came between.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select

from app.domain.duties import (
    acts_for_own_organization,
    provider_tightens_own_data_only,
    rule_author_is_not_approver,
)
from app.domain.errors import Invalid, Refusal
from app.domain.lifecycles import POLICY
from app.domain.people import Actor
from app.domain.ports import NewId
from app.policy.difference import Direction, Kind, RuleChange, difference
from app.policy.rules import Standing
from app.policy.versions import content_of, current, digest_of, load, published, standing_of
from app.store.changes import Change
from app.store.sessions import Store
from app.store.tables import catalog_entry, policy

FIRST_NOTE = "the rules that came with the program"


def establish(store: Store, actor: Actor, standing: Standing, new_id: NewId) -> str | None:
    """Publish the first version of a deployment; None when one is in force already."""
    with store.reading() as connection:
        if current(connection) is not None:
            return None
    subject = new_id("policy")
    with store.change("policy:drafted", actor=actor, subject=subject) as change:
        _create(change, subject, standing, FIRST_NOTE)
        change.move(POLICY, subject, "submit")
        _publish(change, subject, {})
    return subject


def draft(store: Store, actor: Actor, standing: Standing, *, note: str, new_id: NewId) -> str:
    """Keep `standing` as a draft made from the version in force; answers its identifier.

    Raises Invalid("reason-missing") without a note and Refusal("policy-no-difference").
    """
    subject = new_id("policy")
    with store.change("policy:drafted", actor=actor, subject=subject) as change:
        _says_why(note)
        _differs(change.connection, standing)
        _create(change, subject, standing, note)
    return subject


def revise(store: Store, actor: Actor, subject: str, standing: Standing, *, note: str) -> None:
    """Give a draft new content, made from the version that is in force now; its author is then whoever revised it."""
    with store.change("policy:revised", actor=actor, subject=subject) as change:
        _says_why(note)
        acts_for_own_organization(actor, load(change.connection, subject).organization)
        base = _differs(change.connection, standing)
        content = content_of(standing)
        change.move(
            POLICY,
            subject,
            "revise",
            details={"content_sha256": digest_of(content), "based_on": base, "note": note},
            content=content,
            digest=digest_of(content),
            note=note,
            author=actor.id,
            based_on=base,
        )


def submit(store: Store, actor: Actor, subject: str) -> str:
    """Hand a draft to whoever may publish it; answers the new state."""
    with store.change("policy:submitted", actor=actor, subject=subject) as change:
        acts_for_own_organization(actor, load(change.connection, subject).organization)
        return change.move(POLICY, subject, "submit")


def withdraw(store: Store, actor: Actor, subject: str, *, reason: str) -> str:
    """Take a draft back for good; answers the new state."""
    with store.change("policy:withdrawn", actor=actor, subject=subject, details={"reason": reason}) as change:
        _says_why(reason)
        acts_for_own_organization(actor, load(change.connection, subject).organization)
        return change.move(POLICY, subject, "withdraw")


def give_back(store: Store, actor: Actor, subject: str, *, reason: str) -> str:
    """Return a submitted draft to its author; answers the new state."""
    with store.change("policy:returned", actor=actor, subject=subject, details={"reason": reason}) as change:
        _says_why(reason)
        actor.require("policy:approve")
        rule_author_is_not_approver(actor, load(change.connection, subject).author)
        return change.move(POLICY, subject, "return")


def publish(store: Store, actor: Actor, subject: str, *, model: str, evidence: Mapping[str, int]) -> None:
    """Put a submitted draft in force in place of the version that it was made from.

    `evidence` are the counts of the replay that the publisher was shown; they go into the ledger. Raises Refusal
    "duty-own-rule", "duty-foreign-rules" or "policy-base-moved".
    """
    with store.change("policy:published", actor=actor, subject=subject) as change:
        actor.require("policy:approve")
        found, base = load(change.connection, subject), published(change.connection)
        rule_author_is_not_approver(actor, found.author)
        if found.based_on != base.id:
            raise Refusal("policy-base-moved", id=subject, base=found.based_on, now=base.id)
        changes = difference(
            standing_of(change.connection, base.id, model), standing_of(change.connection, subject, model)
        )
        provider_tightens_own_data_only(actor, beyond(change.connection, actor.organization, changes))
        change.move(POLICY, base.id, "supersede", details={"by": subject})
        _publish(change, subject, {**_counts(changes), **evidence})


def beyond(connection: Connection, provider: str, changes: Iterable[RuleChange]) -> tuple[str, ...]:
    """Ids of the rules whose change concerns more than the data of `provider`, or does not make them stricter."""
    query = select(catalog_entry.c.name).where(catalog_entry.c.provider_id == provider)
    own = {*connection.execute(query).scalars(), f"provider:{provider}"}
    return tuple(
        c.id
        for c in changes
        if c.direction not in {Direction.STRICTER, Direction.SAME}
        or any(r.dataset not in own for r in (c.before, c.after) if r is not None)
    )


# -- pieces


def _create(change: Change, subject: str, standing: Standing, note: str) -> None:
    base, content = current(change.connection), content_of(standing)
    based_on = base.id if base else None
    details = {"content_sha256": digest_of(content), "based_on": based_on, "note": note}
    change.create(
        POLICY,
        subject,
        "draft",
        details=details,
        content=content,
        digest=digest_of(content),
        note=note,
        author=change.actor.id,
        organization_id=change.actor.organization,
        based_on=based_on,
        created_at=change.at,
        updated_at=change.at,
    )


def _publish(change: Change, subject: str, counts: Mapping[str, int]) -> None:
    digest = change.execute(select(policy.c.digest).where(policy.c.id == subject)).scalar_one()
    change.move(
        POLICY,
        subject,
        "publish",
        details={"content_sha256": digest, **counts},
        approved_by=change.actor.id,
        published_at=change.at,
    )


def _counts(changes: Iterable[RuleChange]) -> dict[str, int]:
    kinds = [c.kind for c in changes]
    return {f"rules_{kind}": kinds.count(kind) for kind in Kind}


def _differs(connection: Connection, standing: Standing) -> str:
    """The id of the version in force, from which `standing` differs."""
    base = published(connection)
    if not difference(standing_of(connection, base.id, standing.model), standing):
        raise Refusal("policy-no-difference", base=base.id)
    return base.id


def _says_why(text: str) -> None:
    if not text.strip():
        raise Invalid("reason-missing")
