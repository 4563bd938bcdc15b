"""Does the tree prove what it should, and has an entry one spelling?"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.errors import Broken
from app.ledger import checkpoint, tree
from app.ledger.entries import Entry, canonical, parse
from tests.governance.forest import Forest

LEAVES = [
    bytes.fromhex(x)
    for x in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
"""Leaves of the Certificate Transparency reference tests; the roots after each are published with them."""
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_reference_vectors(size: int) -> None:
    assert tree.root(size, Forest(LEAVES).at).hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_root_of_the_rfc() -> None:
    assert tree.root(0, Forest([]).at).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(size=st.integers(1, 70), data=st.data())
@settings(max_examples=150)
def test_every_leaf_is_proved_and_no_other_proof_passes(size: int, data: st.DataObject) -> None:
    forest = Forest([bytes([n]) for n in range(size)])
    position = data.draw(st.integers(0, size - 1))
    root, leaf = tree.root(size, forest.at), forest.at(0, position)
    proof = tree.inclusion_proof(position, size, forest.at)
    assert tree.verify_inclusion(leaf, position, size, proof, root)
    assert not tree.verify_inclusion(tree.leaf_hash(b"other"), position, size, proof, root)
    assert not tree.verify_inclusion(leaf, position, size, [*proof, leaf], root)
    assert not tree.verify_inclusion(leaf, position + 1, size, proof, root)
    assert not tree.verify_inclusion(leaf, size, size, proof, root)
    if proof:
        assert not tree.verify_inclusion(leaf, position, size, proof[:-1], root)


@given(size=st.integers(1, 70), data=st.data())
@settings(max_examples=150)
def test_a_tree_is_proved_to_continue_its_own_past_only(size: int, data: st.DataObject) -> None:
    forest, other = Forest([bytes([n]) for n in range(size)]), Forest([bytes([255 - n]) for n in range(size)])
    old = data.draw(st.integers(0, size))
    before, now = tree.root(old, forest.at), tree.root(size, forest.at)
    proof = tree.consistency_proof(old, size, forest.at)
    assert tree.verify_consistency(old, size, before, now, proof)
    if old:
        assert not tree.verify_consistency(old, size, tree.root(old, other.at), now, proof)
        assert not tree.verify_consistency(old, size, before, tree.root(size, other.at), proof)
    assert not tree.verify_consistency(old, size, before, now, [*proof, before])
    assert not tree.verify_consistency(size + 1, size, before, now, proof)


def test_impossible_proofs_are_not_made() -> None:
    forest = Forest(LEAVES)
    for position in (-1, 8):
        with pytest.raises(ValueError, match="no such leaf"):
            tree.inclusion_proof(position, 8, forest.at)
    with pytest.raises(ValueError, match="not smaller"):
        tree.consistency_proof(9, 8, forest.at)


@pytest.mark.parametrize(
    "value, text",
    [
        ({"b": 1, "a": [True, None, "中\n"]}, '{"a":[true,null,"中\\n"],"b":1}'),
        ({"\ufb33": 1, "\U0001f600": 2}, '{"\U0001f600":2,"\ufb33":1}'),  # sorted by UTF-16 units, as RFC 8785 says
        ('€$\u000f\nA\'B"\\\\"/', '"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"'),
    ],
)
def test_canonical_json_follows_rfc_8785(value: object, text: str) -> None:
    assert canonical(value) == text


UNSPEAKABLE = [0.5, float("nan"), 2**53, {1: 2}, {"x": object()}, "\ud800", b"x"]


@pytest.mark.parametrize("value", UNSPEAKABLE, ids=lambda value: type(value).__name__)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(Broken) as refused:
        canonical(value)
    assert refused.value.code == "ledger-not-canonical"


ENTRY = Entry(index=0, at="t", event="a:b", actor="x", subject="y", details={"k": 1})


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "{}",
        ENTRY.body() + " ",
        ENTRY.body().replace('"index":0', '"index":"0"'),
        ENTRY.body().replace('"index":0', '"index":true'),
        ENTRY.body().replace('{"k":1}', "[]"),
        ENTRY.body().replace('"a:b"', '"a\\u003ab"'),
        ENTRY.body()[:-1] + ',"more":1}',
        ENTRY.body()[:-1] + ',"subject":"y"}',
    ],
)
def test_an_entry_has_one_spelling(body: str) -> None:
    assert parse(ENTRY.body()) == ENTRY
    with pytest.raises(ValueError, match=r".*"):
        parse(body)


@pytest.fixture
def signer() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


def test_a_checkpoint_opens_under_its_key_only(signer: Ed25519PrivateKey) -> None:
    note = checkpoint.sign(3, b"r" * 32, signer)
    assert note.startswith("sluice/ledger\n3\n")
    verifier = checkpoint.verifier_key(signer)
    opened = checkpoint.open_checkpoint(note, verifier)
    assert (opened.origin, opened.size, opened.root) == ("sluice/ledger", 3, b"r" * 32)
    with pytest.raises(ValueError, match="no valid signature"):
        checkpoint.open_checkpoint(note, checkpoint.verifier_key(Ed25519PrivateKey.generate()))


@pytest.mark.parametrize(
    "harm",
    [
        lambda n: n.replace("\n3\n", "\n4\n"),
        lambda n: n.replace("sluice/ledger\n", "other/ledger\n", 1),
        lambda n: n.replace("\n\n", "\nextra\n\n"),
        lambda n: n[:-20],
        lambda n: n.partition("\n\n")[0],
        lambda _: "",
        lambda n: n.replace("— sluice", "— other"),
    ],
)
def test_a_harmed_checkpoint_does_not_open(signer: Ed25519PrivateKey, harm: Callable[[str], str]) -> None:
    note = checkpoint.sign(3, b"r" * 32, signer)
    with pytest.raises(ValueError, match=r".+"):
        checkpoint.open_checkpoint(harm(note), checkpoint.verifier_key(signer))


def test_signatures_of_witnesses_do_not_disturb(signer: Ed25519PrivateKey) -> None:
    note = checkpoint.sign(3, b"r" * 32, signer)
    text, _, own = note.partition("\n\n")
    assert checkpoint.open_checkpoint(f"{text}\n\n— witness AAAA\n{own}", checkpoint.verifier_key(signer)).size == 3


@pytest.mark.parametrize("key", ["", "x", "a+b+c", "sluice/ledger+00000000+" + "A" * 44])
def test_a_malformed_verifier_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        checkpoint.check_verifier(key)
