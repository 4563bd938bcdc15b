"""Each suite signs by its standard, and a signature counts under its own key, suite and form only."""

from __future__ import annotations

import base64
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from gmalg.sm2 import SM2Core

from app.signing import sm2
from app.signing.suites import SUITES, PrivateKey, PublicKey, new_key

# GB/T 32918.5-2017, annex A.2: the digital signature on the recommended curve.
SECRET = bytes.fromhex("3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8")
PUBLIC = bytes.fromhex(
    "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13"
)
NONCE = 0x59276E27D506861A16680F3AD9C02DCCEF3CC1FA3CDBE4CE6D54B80DEAC1BC21
R = 0xF5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3
S = 0xB1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA
MESSAGE = b"message digest"


def test_the_example_of_the_standard_is_signed_and_verified_to_the_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sm2.public(SECRET) == PUBLIC
    assert sm2.verify(PUBLIC, MESSAGE, encode_dss_signature(R, S))
    monkeypatch.setattr(sm2, "_core", lambda: SM2Core(sm2._CURVE, sm2._Sm3(), lambda _: NONCE))
    assert decode_dss_signature(sm2.sign(SECRET, MESSAGE)) == (R, S)


def test_sm3_is_that_of_the_standard() -> None:
    hashed = sm2._Sm3()
    hashed.update(b"abc")
    assert hashed.value().hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to compare with")
def test_openssl_accepts_our_signatures_of_the_national_suite(tmp_path: Path) -> None:
    key = new_key("sm2-sm3")
    # SubjectPublicKeyInfo of an uncompressed point on the curve 1.2.156.10197.1.301
    der = bytes.fromhex("3059301306072a8648ce3d020106082a811ccf5501822d03420004") + key.public.raw
    pem = b"-----BEGIN PUBLIC KEY-----\n" + base64.encodebytes(der) + b"-----END PUBLIC KEY-----\n"
    for name, content in {"key.pem": pem, "data": b"x" * 5000, "sig": key.sign(b"x" * 5000)}.items():
        (tmp_path / name).write_bytes(content)
    options = "pkeyutl -verify -pubin -inkey key.pem -rawin -in data -sigfile sig -digest sm3 -pkeyopt"
    command = ["openssl", *options.split(), f"distid:{sm2.USER_ID.decode()}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Signature Verified Successfully" in done.stdout, done.stderr


@pytest.mark.parametrize("suite", sorted(SUITES))
def test_a_signature_holds_for_its_key_and_data_alone(suite: str) -> None:
    key, other = new_key(suite), new_key(suite)
    signature = key.sign(MESSAGE)
    assert key.public.verify(MESSAGE, signature)
    assert not other.public.verify(MESSAGE, signature)
    assert not key.public.verify(MESSAGE + b".", signature)
    for wrong in (
        b"",
        signature[:-1],
        signature + b"\0",
        b"\0" * 64,
        b"\0" * 72,
        bytes([signature[0] ^ 1]) + signature[1:],
    ):
        assert not key.public.verify(MESSAGE, wrong)
    assert key.secret.hex() not in repr(key)


def test_a_second_way_to_write_one_signature_is_refused() -> None:
    key = new_key("sm2-sm3")
    r, s = decode_dss_signature(key.sign(MESSAGE))
    assert key.public.verify(MESSAGE, encode_dss_signature(r, s))
    assert not key.public.verify(MESSAGE, encode_dss_signature(r, s + sm2._N))
    assert not key.public.verify(MESSAGE, encode_dss_signature(r, 0))
    assert not key.public.verify(MESSAGE, encode_dss_signature(0, s))
    padded = bytes([0]) + r.to_bytes(33, "big")
    numbers = b"\x02" + bytes([len(padded)]) + padded + encode_dss_signature(1, s)[5:]
    assert not key.public.verify(MESSAGE, b"\x30" + bytes([len(numbers)]) + numbers)
    assert not key.public.verify(MESSAGE, encode_dss_signature(r, s) + b"\0")


def test_the_same_bytes_under_another_suite_are_another_key() -> None:
    secret = bytes(31) + b"\7"
    ids = {PrivateKey(suite=suite, secret=secret).public.id for suite in SUITES}
    assert len(ids) == len(SUITES)


@pytest.mark.parametrize(
    "suite, raw",
    [
        ("rsa", b"x" * 32),
        ("ed25519", b"x" * 31),
        ("sm2-sm3", PUBLIC[:-1]),
        ("sm2-sm3", PUBLIC[:-1] + b"\0"),
        ("sm2-sm3", bytes(64)),
        ("sm2-sm3", b"\xff" * 64),
    ],
)
def test_what_is_no_key_of_the_suite_is_refused(suite: str, raw: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        PublicKey(suite=suite, raw=raw)


@pytest.mark.parametrize("secret", [bytes(32), b"\xff" * 32, b"x" * 31])
def test_what_is_no_secret_is_refused(secret: bytes) -> None:
    with pytest.raises(ValueError, match="SM2"):
        PrivateKey(suite="sm2-sm3", secret=secret)
    with pytest.raises(ValueError, match="suite"):
        PrivateKey(suite="none", secret=secret)
