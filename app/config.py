"""Which settings does this deployment run with? One frozen value, read from the environment once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import app
from app.domain.errors import Invalid

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})
_DATABASES = ("sqlite", "postgresql")
LANGUAGES = ("zh", "en")
Value = TypeVar("Value")


@dataclass(frozen=True, kw_only=True)
class Config:
    """The settings of a deployment; `home`, `keys` and `policies` are absolute folders."""

    home: Path
    keys: Path
    database_url: str
    require_isolation: bool
    language: str
    policies: Path


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One environment variable: its `name`, what it defaults to (in words) and what it is for."""

    name: str
    default: str
    description: str
    allowed: str


SETTINGS: tuple[Setting, ...] = (
    Setting(
        name="SLUICE_HOME",
        default="./.sluice",
        description="Folder that holds the control database, keys, vault, quarantine, releases and history.",
        allowed="a folder path",
    ),
    Setting(
        name="SLUICE_KEYS",
        default="$SLUICE_HOME/keys",
        description="Folder of the secrets: signing keys and the root of pseudonyms; apart from database and backups.",
        allowed="a folder path",
    ),
    Setting(
        name="SLUICE_DATABASE_URL",
        default="sqlite:///$SLUICE_HOME/control.db",
        description="Control database as an SQLAlchemy URL; SQLite or PostgreSQL.",
        allowed="sqlite:///FILE or postgresql+psycopg://…",
    ),
    Setting(
        name="SLUICE_REQUIRE_ISOLATION",
        default="true",
        description="Refuse to run a job when one of the isolation walls does not stand on this machine.",
        allowed="true or false",
    ),
    Setting(
        name="SLUICE_LANGUAGE",
        default="en",
        description="Language of texts for people where none was asked for.",
        allowed="zh or en",
    ),
    Setting(
        name="SLUICE_POLICIES",
        default="the policies folder beside the program",
        description="Folder with the rules as data: platform, use, disclosure and functions.",
        allowed="an existing folder",
    ),
)
"""Every variable that `read` looks at; the documentation is tested against this table."""


def read(environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration in `environment`.

    Raises Invalid("setting-invalid") naming the variable, its value and what is allowed.
    """
    home = Path(environment.get("SLUICE_HOME") or ".sluice").expanduser().absolute()
    keys = Path(environment.get("SLUICE_KEYS") or home / "keys").expanduser().absolute()
    database = environment.get("SLUICE_DATABASE_URL") or f"sqlite:///{home / 'control.db'}"
    return Config(
        home=_checked("SLUICE_HOME", home, lambda p: not p.exists() or p.is_dir()),
        keys=_checked("SLUICE_KEYS", keys, lambda p: not p.exists() or p.is_dir()),
        database_url=_checked("SLUICE_DATABASE_URL", database, _is_database),
        require_isolation=_flag("SLUICE_REQUIRE_ISOLATION", environment.get("SLUICE_REQUIRE_ISOLATION") or "true"),
        language=_checked("SLUICE_LANGUAGE", environment.get("SLUICE_LANGUAGE") or "en", lambda v: v in LANGUAGES),
        policies=_checked("SLUICE_POLICIES", _policies(environment.get("SLUICE_POLICIES")), lambda p: p.is_dir()),
    )


def _policies(value: str | None) -> Path:
    return Path(value).expanduser().absolute() if value else Path(app.__file__).resolve().parent.parent / "policies"


def _is_database(url: str) -> bool:
    return url.partition(":")[0].partition("+")[0] in _DATABASES


def _flag(name: str, value: str) -> bool:
    lowered = value.lower()
    _checked(name, value, lambda _: lowered in _TRUE | _FALSE)
    return lowered in _TRUE


def _checked(name: str, value: Value, holds: Callable[[Value], bool]) -> Value:
    if holds(value):
        return value
    allowed = next(s.allowed for s in SETTINGS if s.name == name)
    shown = "…" if name == "SLUICE_DATABASE_URL" else str(value)  # a database URL may hold a password
    raise Invalid("setting-invalid", name=name, value=shown, allowed=allowed)
