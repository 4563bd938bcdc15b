"""Does each task get a control group with limits, and is nothing of it left afterwards?"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sandbox.cgroups import Groups, Tree, open_groups, own_trees
from sandbox.confine import CGROUP, LIMITS
from sandbox.launcher import Launcher
from sandbox.protocol import Limits
from tests.sandbox.conftest import query

V2 = frozenset({"memory", "pids", "cpu"})


def writable() -> bool:
    """Whether this machine lets us make control groups that limit memory and processes."""
    try:
        open_groups().close()
    except OSError:
        return False
    return True


here = pytest.mark.skipif(not writable(), reason="this machine or user may not make control groups")


def folders() -> set[Path]:
    return {group for tree in own_trees() for group in tree.own.glob("sluice-*/*")}


@here
def test_a_task_runs_in_a_group_of_its_own_and_leaves_none(launcher: Launcher, table: Path, scratch: Path) -> None:
    answer = launcher.run(query(table, "SELECT 1 AS a"), scratch, require_isolation=True)
    assert CGROUP in answer.walls
    assert launcher._zygote is not None
    own = f"sluice-{launcher._zygote._process.pid}"
    assert [group for group in folders() if group.parent.name == own and (group / "cgroup.procs").exists()] == []


@here
def test_a_task_that_takes_more_memory_than_its_group_has_is_told_so(table: Path, scratch: Path) -> None:
    hungry = "SELECT length(printf('%1500000000d', i)) AS n FROM v LIMIT 1"
    limits = Limits(memory_bytes=64 << 20, wall_seconds=30)
    with Launcher(unsafe_without=frozenset({LIMITS})) as launcher:
        task = query(table, hungry, limits=limits, functions=("printf", "length"))
        answer = launcher.run(task, scratch, require_isolation=True)
    assert answer.code == "limit-memory"
    assert answer.usage.peak_memory_bytes < 1 << 30


@here
def test_the_groups_of_a_killed_zygote_are_removed_by_the_next(table: Path, tmp_path: Path) -> None:
    with Launcher() as launcher:
        launcher.warm()
        first = launcher._zygote
        assert first is not None
        first._process.kill()
        left = {tree.own / f"sluice-{first._process.pid}" for tree in own_trees()}
        assert any(group.exists() for group in left)
        launcher.run(query(table, "SELECT 1 AS a"), tmp_path / "a", require_isolation=True)
        assert not any(group.exists() for group in left)


@here
@pytest.mark.parametrize("killed", [False, True])
def test_a_closed_launcher_leaves_no_group(table: Path, scratch: Path, killed: bool) -> None:
    with Launcher() as launcher:
        launcher.run(query(table, "SELECT 1 AS a"), scratch, require_isolation=True)
        zygote = launcher._zygote
        assert zygote is not None
        left = {tree.own / f"sluice-{zygote._process.pid}" for tree in own_trees()}
        assert any(group.exists() for group in left)
        if killed:
            zygote._process.kill()
    assert not any(group.exists() for group in left)


def test_version_two_gets_its_own_files(tmp_path: Path) -> None:
    groups = open_groups([Tree(own=tmp_path, controllers=V2, version=2)])
    base = tmp_path / f"sluice-{os.getpid()}"
    assert (base / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    groups.enter("7", 1 << 30, 26)
    assert {f.name: f.read_text() for f in (base / "7").iterdir()} == {
        "memory.max": str(1 << 30),
        "memory.swap.max": "0",
        "memory.oom.group": "1",
        "pids.max": "26",
        "cgroup.procs": "0",
    }


def test_a_starved_group_is_told_from_others(tmp_path: Path) -> None:
    tree = Tree(own=tmp_path, controllers=V2, version=2)
    groups = Groups(bases=((tmp_path, tree),))
    for name, events in {"fed": "oom 3\noom_kill 0\n", "starved": "oom 3\noom_kill 1\n"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "memory.events").write_text(events)
    assert not groups.leave("fed")
    assert groups.leave("starved")


def test_without_memory_and_processes_there_are_no_groups(tmp_path: Path) -> None:
    with pytest.raises(PermissionError):
        open_groups([Tree(own=tmp_path, controllers=frozenset({"cpu"}), version=1)])
    assert list(tmp_path.glob("*/*/*")) == []
