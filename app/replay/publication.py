"""How does a draft come into force? After a replay that its publisher has seen, with the counts in the ledger."""

from __future__ import annotations

from app.domain.errors import Refusal
from app.domain.people import Actor
from app.policy.functions import FunctionTable
from app.policy.publishing import publish
from app.policy.versions import published, standing_of
from app.replay.weighing import Replay, replay
from app.store.sessions import Store


def publish_replayed(
    store: Store, actor: Actor, subject: str, *, model: str, functions: FunctionTable, changes: int
) -> Replay:
    """Replay the draft `subject` against the version in force and publish it; answers the replay.

    `changes` is how many changed answers the publisher has seen: when it is another number now, nothing is published
    and Refusal("policy-replay-unseen") says how many there are. Raises what `publish` raises.
    """
    actor.require("policy:approve")
    with store.reading() as connection:
        base = published(connection)
        before, after = (standing_of(connection, name, model) for name in (base.id, subject))
        found = replay(connection, before=before, after=after, functions=functions, now=store.clock())
    if len(found.changes) != changes:
        raise Refusal("policy-replay-unseen", id=subject, changes=len(found.changes), seen=changes)
    publish(store, actor, subject, model=model, evidence=found.counts())
    return found
