"""How does a log ask a witness to sign, without handing out an entry? The request of C2SP tlog-witness, as text.

`old SIZE`, the hashes of a consistency proof (base64), an empty line, and the checkpoint.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass

MARK = "old "
_MOST = 63
_OLD = re.compile(r"old (0|[1-9][0-9]{0,15})")


@dataclass(frozen=True, kw_only=True)
class Request:
    """The new checkpoint `note`, and the proof that it continues the tree of `old` entries."""

    old: int
    proof: Sequence[bytes]
    note: str


def written(request: Request) -> str:
    """The text of a request."""
    hashes = "".join(f"{base64.b64encode(step).decode()}\n" for step in request.proof)
    return f"{MARK}{request.old}\n{hashes}\n{request.note}"


def parsed(text: str) -> Request:
    """The request that `text` holds; ValueError when it is none."""
    head, separator, note = text.partition("\n\n")
    first, *hashes = head.split("\n")
    old = _OLD.fullmatch(first)
    if not separator or old is None or len(hashes) > _MOST:
        raise ValueError("not a request")
    try:
        proof = [base64.b64decode(line, validate=True) for line in hashes]
    except binascii.Error:
        raise ValueError("not base64") from None
    return Request(old=int(old[1]), proof=proof, note=note)
