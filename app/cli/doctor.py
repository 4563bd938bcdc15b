"""`sluice doctor`: which walls stand around a job on this machine, and what would the others need?"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tempfile
import tomllib
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from app import config
from app.cli.terminal import WIDTH, with_json
from app.domain.errors import Unavailable
from sandbox.launcher import Launcher
from sandbox.protocol import Answer, Export, Limits, QueryTask

_REASONS = {
    "not-permitted": ("不被允许", "not permitted here"),
    "not-in-kernel": ("内核不支持", "not in this kernel"),
    "none-left": ("系统配额已用完", "the system's quota is used up"),
    "failed": ("未能建立", "could not be built"),
}


@dataclass(frozen=True, kw_only=True)
class Wall:
    """One wall as it was found: `reason` says why it does not stand, None when it does."""

    name: str
    stands: bool
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class Findings:
    """What `sluice doctor` found out. `jobs_run` says whether a job would run under the present settings."""

    walls: tuple[Wall, ...]
    machine: dict[str, Any]
    require_isolation: bool
    jobs_run: bool


@click.command()
@with_json
def doctor_command(as_json: bool) -> None:
    """Run a small task in the sandbox and say which walls stood, and why each other one did not.

    Exit codes: 0 jobs can run here; 5 they would be refused.

    \b
    Examples:
      sluice doctor
      sluice doctor --json
    """
    found = examine(config.read())
    if as_json:
        click.echo(json.dumps(asdict(found), ensure_ascii=False, indent=2))
    else:
        _show(found)
    if not found.jobs_run:
        raise Unavailable("isolation-missing")


def examine(settings: config.Config) -> Findings:
    """Run a harmless task twice: once to see which walls stand, once as demandingly as a job would be."""
    with tempfile.TemporaryDirectory(prefix="sluice-doctor-") as folder, Launcher() as launcher:
        room = Path(folder).resolve()
        seen = launcher.run(_TASK, room / "seen", require_isolation=False)
        demanding = launcher.run(_TASK, room / "job", require_isolation=settings.require_isolation)
        machine = _machine(settings, launcher, demanding)
    return Findings(
        walls=tuple(_wall(name, seen) for name in _texts()),
        machine=machine,
        require_isolation=settings.require_isolation,
        jobs_run=demanding.status == "ok",
    )


_TASK = QueryTask(
    views=(),
    steps=(),
    exports=(Export(file="a.parquet", sql="SELECT 1 AS a"),),
    functions=(),
    limits=Limits(wall_seconds=30.0, memory_bytes=256 << 20, threads=1),
)


def _wall(name: str, seen: Answer) -> Wall:
    stands = name in seen.walls
    return Wall(name=name, stands=stands, reason=None if stands else seen.absent.get(name, "failed"))


@cache
def _texts() -> dict[str, dict[str, str]]:
    return tomllib.loads(files("app.cli").joinpath("walls.toml").read_text(encoding="utf-8"))


def _machine(settings: config.Config, launcher: Launcher, warm: Answer) -> dict[str, Any]:
    """What the sandbox has to share out here, and what it runs on."""
    home = settings.home if settings.home.is_dir() else Path.cwd()
    return {
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "duckdb": version("duckdb"),
        "user": "root" if os.geteuid() == 0 else "ordinary",
        "cores": os.cpu_count() or 1,
        "jobs_at_once": launcher.places,
        "free_disk_mib": shutil.disk_usage(home).free >> 20,
        "warm_task_ms": round(1000 * warm.usage.wall_seconds),
    }


def _show(found: Findings) -> None:
    table = Table("", "wall 隔离层", "stops 防住什么", "why not, what to do 缺失原因与办法", box=None, pad_edge=False)
    for wall in found.walls:
        text = _texts()[wall.name]
        table.add_row(
            "[green]✓[/green]" if wall.stands else "[red]✗[/red]",
            f"{text['en']}\n{text['zh']}",
            f"{text['stops_en']}\n{text['stops_zh']}",
            "" if wall.stands else _remedy(wall, text),
        )
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    console.print(table)
    console.print("  ".join(f"{name.replace('_', ' ')}: {value}" for name, value in found.machine.items()))
    if found.jobs_run:
        demand = "required" if found.require_isolation else "not required (SLUICE_REQUIRE_ISOLATION=false)"
        console.print(f"Jobs can run here; isolation is {demand}. 本机可以运行作业。")


def _remedy(wall: Wall, text: dict[str, str]) -> str:
    zh, en = _REASONS.get(wall.reason or "failed", _REASONS["failed"])
    return f"{en}. {text.get('do_en', '')}\n{zh}。{text.get('do_zh', '')}"
