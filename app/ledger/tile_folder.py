"""How does the ledger stand in a folder that any web server can hand out? Static tiles after C2SP tlog-tiles.

`checkpoint` is the newest signed checkpoint, `tile/<floor>/<N>` the tiles, `tile/entries/<N>` bundles of entries, each
with its length in two bytes before it; `.p/<W>` marks an unfinished tile of that width. Beside the standard, `key` has
the verifier key and `checkpoints/<size>` the older checkpoints.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

from sqlalchemy import Connection

from app.ledger import journal
from app.ledger.checkpoint import stated
from app.ledger.exported import Exported
from app.ledger.replay import Line
from app.ledger.tiles import HEIGHT, WIDTH

_HASH = 32
_LENGTH = struct.Struct(">H")
ENTRIES = "entries"


def path(floor: int | str, index: int, width: int = WIDTH) -> str:
    """Where a tile lies in the folder; 1234067 is `x001/x234/067`."""
    digits = f"{index:03d}"
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    parts = [digits[n : n + 3] for n in range(0, len(digits), 3)]
    name = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    return f"tile/{floor}/{name}" + ("" if width == WIDTH else f".p/{width}")


def widths(size: int, floor: int) -> Iterator[tuple[int, int]]:
    """Every tile (index, width) of a floor in a tree of `size` leaves."""
    hashes = size >> (HEIGHT * floor)
    for index in range(-(-hashes // WIDTH)):
        yield index, min(WIDTH, hashes - index * WIDTH)


def write(connection: Connection, folder: Path, verifier: str) -> int:
    """Write the ledger as it stands under its newest checkpoint into `folder`; answers the number of entries.

    An earlier export of the same ledger in `folder` is continued: full tiles are the same files. The checkpoint is
    written last, so that a reader never sees one whose tiles are not there.
    """
    notes = {stated(note).size: note for note in journal.checkpoints(connection)}
    size, tile = max(notes, default=0), journal.stored_tiles(connection)
    for floor in count():
        if not size >> (HEIGHT * floor):
            break
        for index, width in widths(size, floor):
            _put(folder / path(floor, index, width), b"".join(tile(floor, index)[:width]))
    bodies = journal.bodies(connection)
    for index, width in widths(size, 0):
        _put(folder / path(ENTRIES, index, width), b"".join(_packed(next(bodies)) for _ in range(width)))
    _put(folder / "key", f"{verifier}\n".encode())
    for each, note in notes.items():
        _put(folder / "checkpoints" / str(each), note.encode())
    _put(folder / "checkpoint", notes[size].encode() if notes else b"")
    return size


def read(folder: Path) -> Exported:
    """What the folder holds; raises OSError or ValueError when it is no export of tiles."""
    newest = (folder / "checkpoint").read_text(encoding="utf-8")
    size = stated(newest).size
    older = sorted((folder / "checkpoints").glob("*"))
    notes = [*(file.read_text(encoding="utf-8") for file in older), newest]
    return Exported(
        key=(folder / "key").read_text(encoding="utf-8").strip(),
        notes=list(dict.fromkeys(notes)),
        lines=_lines(folder, size),
        nodes=_nodes(folder, size),
    )


def _lines(folder: Path, size: int) -> Iterator[Line]:
    """The entries, each with the leaf hash in its tile; they end where a file is missing or too short."""
    for index, width in widths(size, 0):
        leaves = _hashes(folder / path(0, index, width))
        bundle = folder / path(ENTRIES, index, width)
        bodies = _unpacked(bundle.read_bytes()) if bundle.is_file() else []
        for number, body in enumerate(bodies):
            leaf = leaves[number].hex() if number < len(leaves) else ""
            yield Line(position=index * WIDTH + number, body=body, leaf=leaf)
        if len(bodies) != width:
            return


def _nodes(folder: Path, size: int) -> dict[tuple[int, int], str]:
    """The roots of full tiles that the upper floors hold."""
    nodes: dict[tuple[int, int], str] = {}
    for floor in range(1, size.bit_length() // HEIGHT + 1):
        for index, width in widths(size, floor):
            for number, value in enumerate(_hashes(folder / path(floor, index, width))[:width]):
                nodes[floor * HEIGHT, index * WIDTH + number] = value.hex()
    return nodes


def _hashes(file: Path) -> Sequence[bytes]:
    content = file.read_bytes() if file.is_file() else b""
    return [content[n : n + _HASH] for n in range(0, len(content), _HASH)]


def _packed(body: str) -> bytes:
    data = body.encode()
    return _LENGTH.pack(len(data)) + data


def _unpacked(bundle: bytes) -> list[str]:
    """The entries of a bundle, as far as they are whole."""
    bodies, here = [], 0
    while here + _LENGTH.size <= len(bundle):
        (length,) = _LENGTH.unpack_from(bundle, here)
        here += _LENGTH.size + length
        if here > len(bundle):
            break
        bodies.append(bundle[here - length : here].decode(errors="surrogateescape"))
    return bodies


def _put(file: Path, content: bytes) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
