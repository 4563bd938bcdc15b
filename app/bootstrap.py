"""How do the parts find each other? The composition root: one frozen `Services`, built once from the configuration."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

from app import config
from app.config import Config
from app.domain.errors import Unavailable
from app.domain.people import Actor
from app.domain.ports import Clock, NewId
from app.identity import keys, register
from app.identity.roles import PlatformPolicy, read_policy
from app.ledger import checkpoint
from app.store.sessions import Store


@dataclass(frozen=True, kw_only=True)
class Services:
    """What every door needs. `new_id` and `clock` are passed in so that a run can be repeated."""

    config: Config
    clock: Clock
    new_id: NewId
    store: Store
    platform: PlatformPolicy

    @property
    def keys(self) -> Path:
        """The folder of the secrets; see `app.identity.keys`."""
        return self.config.keys

    def actor(self, person: str, permission: str | None = None) -> Actor:
        """The actor that `person` is now; refuses the unknown, the suspended and whoever lacks `permission`."""
        with self.store.reading() as connection:
            return register.authorize(connection, self.platform, person, permission)

    def machine(self, name: str = "worker") -> Actor:
        """The program itself as an actor."""
        return register.machine(self.platform, name)

    def checkpoint(self) -> str:
        """The signed checkpoint of the ledger as it stands; its key's public half is `ledger_verifier`."""
        return self.store.checkpoint(partial(checkpoint.sign, key=keys.ledger_key(self.keys)))

    def ledger_verifier(self) -> str:
        """The public key that verifies the ledger's checkpoints, as a C2SP verifier key."""
        return checkpoint.verifier_key(keys.ledger_key(self.keys))


def system_clock() -> datetime:
    """The time of the machine, in UTC."""
    return datetime.now(UTC)


def build(settings: Config, *, clock: Clock | None = None, new_id: NewId | None = None) -> Services:
    """Wire everything; touches nothing but the policy files. Use `services` where the deployment must exist."""
    now = clock or system_clock
    return Services(
        config=settings,
        clock=now,
        new_id=new_id or (lambda prefix: f"{prefix}-{secrets.token_hex(8)}"),
        store=Store(settings.database_url, clock=now),
        platform=read_policy(settings.policies / "platform"),
    )


@cache
def services() -> Services:
    """The services of the running command, from the environment.

    Raises Unavailable("home-missing") when `sluice init` has not been run, or "schema-outdated" after an update.
    """
    settings = config.read()
    if not settings.home.is_dir() or not settings.keys.is_dir():
        raise Unavailable("home-missing", home=settings.home)
    found = build(settings)
    found.store.require_schema()
    return found
