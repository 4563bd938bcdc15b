"""Is this entry in that log, and is this log a continuation of that one? The Merkle tree of RFC 6962 and RFC 9162.

Pure functions over hashes. A `Subtree` answers the root hash of the complete subtree `(level, position)`, so that the
same functions serve a list in memory and a table of a million entries.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

Subtree = Callable[[int, int], bytes]
"""(level, position) → root hash of the complete subtree over leaves [position·2^level, (position+1)·2^level)."""

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The root of a tree without leaves (RFC 6962 §2.1)."""


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf (RFC 6962 §2.1)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node (RFC 6962 §2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(size: int, subtree: Subtree) -> bytes:
    """The root of the tree over the first `size` leaves."""
    return _range(0, size, subtree) if size else EMPTY_ROOT


def inclusion_proof(position: int, size: int, subtree: Subtree) -> list[bytes]:
    """The audit path of leaf `position` in the tree of `size` leaves (RFC 6962 §2.1.1).

    Raises ValueError unless 0 ≤ position < size.
    """
    if not 0 <= position < size:
        raise ValueError("no such leaf in a tree of this size")
    path: list[bytes] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _largest_power_below(end - start)
        if position < middle:
            path.append(_range(middle, end, subtree))
            end = middle
        else:
            path.append(_range(start, middle, subtree))
            start = middle
    return path[::-1]


def consistency_proof(old_size: int, size: int, subtree: Subtree) -> list[bytes]:
    """The proof that the tree of `old_size` leaves is a prefix of the tree of `size` leaves (RFC 6962 §2.1.2).

    Raises ValueError unless 0 ≤ old_size ≤ size.
    """
    if not 0 <= old_size <= size:
        raise ValueError("the older tree is not smaller")
    if old_size in (0, size):
        return []
    path: list[bytes] = []
    start, end, whole = 0, size, True
    while old_size != end:
        middle = start + _largest_power_below(end - start)
        if old_size <= middle:
            path.append(_range(middle, end, subtree))
            end = middle
        else:
            path.append(_range(start, middle, subtree))
            start, whole = middle, False
    if not whole:
        path.append(_range(start, end, subtree))
    return path[::-1]


def verify_inclusion(leaf: bytes, position: int, size: int, proof: Sequence[bytes], expected_root: bytes) -> bool:
    """Whether `proof` shows that `leaf` is leaf `position` under `expected_root` (RFC 9162 §2.1.3.2)."""
    if not 0 <= position < size:
        return False
    first, last, current = position, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if first & 1 or first == last:
            current = node_hash(step, current)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            current = node_hash(current, step)
        first, last = first >> 1, last >> 1
    return last == 0 and current == expected_root


def verify_consistency(old_size: int, size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether `proof` shows that the tree under `new_root` continues the one under `old_root` (RFC 9162 §2.1.4.2)."""
    if old_size in (0, size):
        return not proof and (old_size == 0 or old_root == new_root)
    if not 0 < old_size < size or not proof:
        return False
    steps = [old_root, *proof] if old_size & (old_size - 1) == 0 else list(proof)
    first, last = old_size - 1, size - 1
    while first & 1:
        first, last = first >> 1, last >> 1
    return _folds(first, last, steps, old_root, new_root)


def _folds(first: int, last: int, steps: list[bytes], old_root: bytes, new_root: bytes) -> bool:
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if first & 1 or first == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while first and not first & 1:
                first, last = first >> 1, last >> 1
        else:
            new = node_hash(new, step)
        first, last = first >> 1, last >> 1
    return last == 0 and old == old_root and new == new_root


def _largest_power_below(number: int) -> int:
    return 1 << ((number - 1).bit_length() - 1)


def _range(start: int, end: int, subtree: Subtree) -> bytes:
    """The root over leaves [start, end), where start is a multiple of the power of two that covers the range."""
    length = end - start
    if length & (length - 1) == 0:
        level = length.bit_length() - 1
        return subtree(level, start >> level)
    middle = start + _largest_power_below(length)
    return node_hash(_range(start, middle, subtree), _range(middle, end, subtree))
