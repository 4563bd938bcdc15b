"""Is the folder of tiles what C2SP tlog-tiles says, and does a replay of it find whatever was changed?"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from app.domain.errors import Invalid
from app.ledger import journal, tile_folder
from app.ledger.export import verify_export
from app.ledger.replay import Fault, Trust
from tests.governance.test_ledger import lengthen
from tests.governance.world import World


@pytest.fixture
def site(world: World, tmp_path: Path) -> Path:
    """A ledger of 520 entries as tiles: two full ones and one of 8."""
    lengthen(world, 520)
    return exported(world, tmp_path / "site")


def exported(world: World, folder: Path) -> Path:
    world.services.checkpoint()
    with world.store.reading() as connection:
        tile_folder.write(connection, folder, world.services.ledger_verifier())
    return folder


@pytest.mark.parametrize(
    "index, width, name",
    [
        (0, 256, "tile/0/000"),
        (7, 5, "tile/0/007.p/5"),
        (1234067, 256, "tile/0/x001/x234/067"),
        (1000, 1, "tile/0/x001/000.p/1"),
    ],
)
def test_paths_are_those_of_the_standard(index: int, width: int, name: str) -> None:
    assert tile_folder.path(0, index, width) == name


def test_a_tree_of_70000_has_the_tiles_of_the_standards_example() -> None:
    widths = [[width for _, width in tile_folder.widths(70_000, floor)] for floor in range(4)]
    assert widths == [[256] * 273 + [112], [256, 17], [1], []]
    assert [list(tile_folder.widths(256, floor)) for floor in range(2)] == [[(0, 256)], [(0, 1)]]


def test_the_folder_holds_tiles_bundles_and_the_checkpoint(site: Path, world: World) -> None:
    names = sorted(str(f.relative_to(site)) for f in site.rglob("*") if f.is_file())
    tiles = [f"tile/{floor}/{n}" for floor in ("0", "entries") for n in ("000", "001", "002.p/8")]
    assert names == sorted([*tiles, "tile/1/000.p/2", "checkpoint", "checkpoints/520", "key"])
    assert (site / "tile/0/000").stat().st_size == 8192
    bundle = (site / "tile/entries/000").read_bytes()
    length = int.from_bytes(bundle[:2], "big")
    with world.store.reading() as connection:
        assert bundle[2 : 2 + length].decode() == next(journal.bodies(connection))
    assert (site / "tile/0/000").read_bytes()[:32] == hashlib.sha256(b"\0" + bundle[2 : 2 + length]).digest()


def test_it_verifies_offline(site: Path, world: World) -> None:
    verdict = verify_export(site, Trust(verifier=world.services.ledger_verifier()))
    assert (verdict.fault, verdict.size, verdict.signed) == (None, 520, 520)


def test_a_longer_ledger_continues_the_folder(site: Path, world: World) -> None:
    full = (site / "tile/0/001").read_bytes()
    lengthen(world, 800)
    exported(world, site)
    verdict = verify_export(site, Trust(verifier=world.services.ledger_verifier()))
    assert (verdict.fault, verdict.size, verdict.checkpoints) == (None, 800, 2)
    assert (site / "tile/0/001").read_bytes() == full


def flipped(name: str, place: int, bit: int = 0x80) -> Callable[[Path], None]:
    def harm(site: Path) -> None:
        content = bytearray((site / name).read_bytes())
        content[place] ^= bit
        (site / name).write_bytes(content)

    return harm


def swapped(site: Path) -> None:
    one, other = site / "tile/entries/000", site / "tile/entries/001"
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


@pytest.mark.parametrize(
    "harm, fault",
    [
        (flipped("tile/entries/000", 40), Fault(first=0, last=0, why="unreadable")),
        (flipped("tile/0/001", 32 * 4), Fault(first=260, last=260, why="changed")),
        (flipped("tile/1/000.p/2", 33), Fault(first=256, last=511, why="node")),
        (swapped, Fault(first=0, last=0, why="order")),
        (lambda site: (site / "tile/entries/001").unlink(), Fault(first=256, last=519, why="missing")),
        (lambda site: (site / "tile/0/001").unlink(), Fault(first=256, last=256, why="changed")),
        (lambda site: (site / "tile/1/000.p/2").unlink(), Fault(first=0, last=255, why="node")),
        (flipped("checkpoint", 100, 1), Fault(first=520, last=520, why="signature")),
    ],
)
def test_whatever_is_changed_is_found(site: Path, world: World, harm: Callable[[Path], None], fault: Fault) -> None:
    harm(site)
    assert verify_export(site, Trust(verifier=world.services.ledger_verifier())).fault == fault


@pytest.mark.parametrize("missing", ["checkpoint", "key"])
def test_a_folder_without_its_head_is_no_export(site: Path, world: World, missing: str) -> None:
    (site / missing).unlink()
    with pytest.raises(Invalid) as refused:
        verify_export(site, Trust(verifier=world.services.ledger_verifier()))
    assert refused.value.code == "ledger-export-unreadable"
