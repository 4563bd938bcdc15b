"""When did a key count? A public key with the period in which it may sign."""

from __future__ import annotations

from dataclasses import dataclass

from app.signing.suites import PublicKey


@dataclass(frozen=True, kw_only=True)
class DatedKey:
    """A key that may sign from `valid_from` on and before `valid_until` (None: no end is set).

    Moments are text as `app.domain.times.stamp` writes them. What was signed within the period holds for ever.
    """

    public: PublicKey
    valid_from: str
    valid_until: str | None

    def in_force(self, at: str) -> bool:
        """Whether the key may sign at the moment `at`."""
        return self.valid_from <= at and (self.valid_until is None or at < self.valid_until)
