"""Which algorithms may sign, and which one belongs to a key? Every key is of one suite, and its id says so.

The id of a key is the SHA-256 of its suite's name and its public half: the same bytes under another suite are another
key. So nobody chooses an algorithm when a signature is checked; whoever trusts a key has chosen.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from app.signing import sm2


@dataclass(frozen=True, kw_only=True)
class Suite:
    """A signature algorithm with its hash, over raw bytes: secrets, public halves and signatures.

    `public` and `check` raise ValueError for bytes that are no key of the suite; `verify` answers False for whatever
    is no signature.
    """

    title: str
    generate: Callable[[], bytes]
    public: Callable[[bytes], bytes]
    check: Callable[[bytes], None]
    sign: Callable[[bytes, bytes], bytes]
    verify: Callable[[bytes, bytes, bytes], bool]


def _ed25519_generate() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())


def _ed25519_public(secret: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def _ed25519_check(public: bytes) -> None:
    Ed25519PublicKey.from_public_bytes(public)


def _ed25519_sign(secret: bytes, data: bytes) -> bytes:
    return Ed25519PrivateKey.from_private_bytes(secret).sign(data)


def _ed25519_verify(public: bytes, data: bytes, signature: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, data)
    except InvalidSignature:
        return False
    return True


DEFAULT = "ed25519"
SUITES: Mapping[str, Suite] = {
    "ed25519": Suite(
        title="Ed25519 (RFC 8032)",
        generate=_ed25519_generate,
        public=_ed25519_public,
        check=_ed25519_check,
        sign=_ed25519_sign,
        verify=_ed25519_verify,
    ),
    "sm2-sm3": Suite(
        title="SM2 with SM3 (GB/T 32918.2, GB/T 32905)",
        generate=sm2.generate,
        public=sm2.public,
        check=sm2.check,
        sign=sm2.sign,
        verify=sm2.verify,
    ),
}
"""Every suite under its name; a name that is not here is refused."""


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """The public half of a key; ValueError when `raw` is no key of the `suite`, or the suite is unknown."""

    suite: str
    raw: bytes

    def __post_init__(self) -> None:
        """Refuse what cannot verify anything."""
        if self.suite not in SUITES:
            raise ValueError("an unknown suite")
        SUITES[self.suite].check(self.raw)

    @property
    def id(self) -> str:
        """The name under which signatures refer to this key: 64 hex digits."""
        return hashlib.sha256(self.suite.encode() + b"\n" + self.raw).hexdigest()

    def verify(self, data: bytes, signature: bytes) -> bool:
        """Whether this key made `signature` over `data`, by the key's own suite."""
        return SUITES[self.suite].verify(self.raw, data, signature)


@dataclass(frozen=True, kw_only=True)
class PrivateKey:
    """A key that signs; ValueError when `secret` is no key of the `suite`, or the suite is unknown."""

    suite: str
    secret: bytes = field(repr=False)
    public: PublicKey = field(init=False)

    def __post_init__(self) -> None:
        """Derive the public half."""
        if self.suite not in SUITES:
            raise ValueError("an unknown suite")
        object.__setattr__(self, "public", PublicKey(suite=self.suite, raw=SUITES[self.suite].public(self.secret)))

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`."""
        return SUITES[self.suite].sign(self.secret, data)


def new_key(suite: str = DEFAULT) -> PrivateKey:
    """A new random key; KeyError for a suite that is not in `SUITES`."""
    return PrivateKey(suite=suite, secret=SUITES[suite].generate())
