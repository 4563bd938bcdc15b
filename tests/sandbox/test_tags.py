"""Is a unit the same in every version of a data set, so that versions can be compared, and nowhere else?"""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.launcher import Launcher
from tests.sandbox.test_mount import VEHICLES, Mount


@pytest.fixture
def mount(launcher: Launcher, tmp_path: Path) -> Mount:
    return Mount(launcher, tmp_path)


def test_a_unit_keeps_its_tag_in_every_version(mount: Mount) -> None:
    def tags(content: str) -> dict[object, object]:
        mount(content, VEHICLES, units=("plate",))
        return {row[0]: row[1] for row in mount.rows("b, __tag_plate")}

    first, second = tags("plate,b\n浙A12345,x\n沪D22222,y\n"), tags("plate,b\n苏E33333,w\n沪D22222,y\n浙A12345,z\n")
    assert (first["x"], first["y"]) == (second["z"], second["y"])
    assert second["w"] not in first.values()


@pytest.mark.parametrize(("keys", "changed"), [((), 2), ((("a",),), 1)])
def test_a_row_that_is_a_unit_keeps_its_tag_in_every_version(
    mount: Mount, keys: tuple[tuple[str, ...], ...], changed: int
) -> None:
    def tags(content: str) -> dict[object, object]:
        mount(content, row_unit=True, keys=keys)
        return {(a, b): tag for a, b, tag in mount.rows("a, b, __tag___row")}

    first, second = tags("a,b\n1,x\n2,y\n3,\n"), tags("a,b\n4,w\n3,\n2,y\n1,z\n")
    same = set(first.values()) & set(second.values())
    assert len(same) == 4 - changed
    assert {first[2, "y"], first[3, None]} <= same
    assert (first[1, "x"] == second[1, "z"]) is bool(keys), "by a key, a row that changes is the same unit"


def test_rows_that_are_alike_are_units_of_their_own_and_other_deployments_have_other_tags(
    mount: Mount, launcher: Launcher, tmp_path: Path
) -> None:
    def tags(of: Mount, content: str) -> set[object]:
        of(content, row_unit=True)
        return {tag for (tag,) in of.rows("__tag___row")}

    (tmp_path / "elsewhere").mkdir()
    two, three = tags(mount, "a,b\n1,x\n1,x\n"), tags(mount, "a,b\n1,x\n1,x\n1,x\n")
    assert (len(two), len(three), two < three) == (2, 3, True)
    assert not two & tags(Mount(launcher, tmp_path / "elsewhere"), "a,b\n1,x\n1,x\n")
