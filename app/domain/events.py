"""Which events may stand in the ledger? A closed list: `subject:verb-past`, never renamed, never reused.

The transitions of `app.domain.lifecycles` name one event each; this table holds all the others. A new event is a new
row here.
"""

from __future__ import annotations

from app.domain.lifecycles import LIFECYCLES

OTHER_EVENTS: dict[str, str] = {
    "deployment:initialised": "home, keys and database were created",
    "organization:registered": "an organization was entered",
    "organization:suspended": "an organization may no longer act",
    "organization:reinstated": "a suspended organization may act again",
    "person:registered": "a person was entered with roles",
    "person:suspended": "a person may no longer act",
    "person:reinstated": "a suspended person may act again",
    "dataset:mounted": "an immutable version was mounted for a catalog entry",
    "dataset:refused": "a file was not mounted; findings are in the details",
    "enterprise_data:mounted": "an operator's own table was mounted for an authorization",
    "authorization:version_renewed": "a provider lets an authorization go on with a newer version of a frozen data set",
    "consent:given": "a provider consents for its own tables",
    "consent:refused": "a provider does not consent",
    "job:linted": "a query was checked without running it",
    "job:cancel_requested": "a running job is to stop",
    "review:claimed": "a reviewer took a seat in the review of an output",
    "vote:cast": "a reviewer voted on an output",
    "review:commented": "a reviewer or the author commented on an output",
    "template:voted": "a reviewer voted on a template",
    "release:signed": "a statement about a release was signed, with which keys, before the bundle was complete",
    "release:bundled": "a signed bundle was written",
    "release:linked": "a link was made by which the recipient can fetch a bundle once",
    "release:fetched": "a released bundle was handed to its recipient",
    "release:recall_acknowledged": "the recipient of a recalled release says that it knows",
    "release:recalls_listed": "a list of every recalled release was signed",
    "key:created": "a key was created that signs releases from now on",
    "key:rotated": "a key is followed by another one and ends after an overlap",
    "key:retired": "a key signs no more",
    "privacy:spent": "a run with noise was paid for from an authorization's budget, before it ran",
    "ledger:exported": "the ledger was exported",
    "ledger:cosigned": "the signature of a witness was added to a checkpoint",
}
"""Events beside those of the lifecycles, each with what it says."""


def known_events() -> frozenset[str]:
    """Every event that a ledger entry may name."""
    return frozenset(OTHER_EVENTS) | {t.ledger_event for life in LIFECYCLES.values() for t in life.transitions}
