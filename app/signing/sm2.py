"""How does the national suite sign? SM2 signatures (GB/T 32918.2) with SM3 (GB/T 32905). The one module with gmalg.

The curve is the recommended one (GB/T 32918.5), the user id the default one (GM/T 0009), a signature the DER form of
(r, s). gmalg draws its nonces from `secrets`; SM3 is that of OpenSSL, for manifests of any size. It computes in
Python, so that what a stranger sends is parsed in safe code on any machine; it is not constant-time: keys that must
withstand whoever measures the signing machine belong in a certified module.
"""

from __future__ import annotations

import secrets

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SM3
from cryptography.hazmat.primitives.hashes import Hash as OpenSslHash
from gmalg.base import Hash
from gmalg.ellipticcurve import ECDLP
from gmalg.sm2 import SM2Core

USER_ID = b"1234567812345678"

_P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_A = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC
_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
_G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
_N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
_CURVE = ECDLP(_P, _A, _B, _G, _N)
_BYTES = 32


class _Sm3(Hash):  # type: ignore[misc]  # gmalg carries no types
    """SM3 in the form that gmalg asks for."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        self._hash = OpenSslHash(SM3())

    def update(self, data: bytes) -> None:
        self._hash.update(bytes(data))

    def value(self) -> bytes:
        return self._hash.finalize()


def generate() -> bytes:
    """A new secret: a number from 1 to n − 2, as 32 bytes."""
    return (1 + secrets.randbelow(_N - 2)).to_bytes(_BYTES, "big")


def public(secret: bytes) -> bytes:
    """The public half of `secret`: x and y, 64 bytes. Raises ValueError when it is no secret."""
    x, y = _core().generate_pk(_number(secret))
    return bytes(x.to_bytes(_BYTES, "big") + y.to_bytes(_BYTES, "big"))


def check(raw: bytes) -> None:
    """Raise ValueError unless `raw` is a point of the curve, of the order of its group."""
    x, y = _point(raw)
    if x >= _P or y >= _P or not _core().verify_pk((x, y)):
        raise ValueError("not a point of the curve")


def sign(secret: bytes, data: bytes) -> bytes:
    """The signature over `data`."""
    r, s = _core().sign(data, _number(secret), USER_ID)
    return encode_dss_signature(r, s)


def verify(raw: bytes, data: bytes, signature: bytes) -> bool:
    """Whether the key `raw` made `signature` over `data`; one signature has one form."""
    try:
        r, s = decode_dss_signature(signature)
        return bool(_core().verify(data, r, s, USER_ID, _point(raw)))
    except (ValueError, TypeError):  # gmalg meets the point at infinity with a TypeError
        return False


def _core() -> SM2Core:
    return SM2Core(_CURVE, _Sm3())  # one for each use: it keeps the state of its hash


def _number(secret: bytes) -> int:
    number = int.from_bytes(secret, "big")
    if len(secret) != _BYTES or not 1 <= number <= _N - 2:
        raise ValueError("not a secret of SM2")
    return number


def _point(raw: bytes) -> tuple[int, int]:
    if len(raw) != 2 * _BYTES:
        raise ValueError("not a public key of SM2")
    return int.from_bytes(raw[:_BYTES], "big"), int.from_bytes(raw[_BYTES:], "big")
