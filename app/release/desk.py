"""What does a door need where recipients fetch? The same for pages and API: look, and hand over once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.domain.people import Actor
from app.domain.times import stamp
from app.release import links
from app.release.links import Offer
from app.store.sessions import Store


@dataclass(frozen=True, kw_only=True)
class HandingOut:
    """The bundles in `releases`, handed over by `doorkeeper` to whoever holds a token."""

    store: Store
    releases: Path
    doorkeeper: Actor

    def look(self, token: str) -> Offer:
        """See `app.release.links.look`."""
        with self.store.reading() as connection:
            return links.look(connection, token, stamp(self.store.clock()))

    def redeem(self, token: str) -> tuple[Offer, Path]:
        """See `app.release.links.redeem`."""
        return links.redeem(self.store, self.doorkeeper, token, self.releases)
