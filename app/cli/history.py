"""`sluice history`: what follows from everything that was released, taken together?"""

from __future__ import annotations

import click

from app.cli.terminal import acting, answer_rows, who, with_json

COLUMNS = tuple("dataset unit field releases cells classes smallest k rank small_units verdict".split())
FOUND = 4
"""The exit code when something follows that may not."""


@click.group("history")
def history_command() -> None:
    """The history 放行历史 of all releases: which classes of rows their cells tell apart.

    \b
    Examples:
      sluice history audit --as auditor
    """


@history_command.command("audit")
@acting
@with_json
def audit_history(*, person: str | None, as_json: bool) -> None:
    """Whether a number about fewer than k subjects follows from all releases together (全部放行结果).

    A line for each data set, type of subject and measured field ("count" for counts). Exit code 0: nothing follows that
    may not; 4: something does, or there are too many cells to tell.

    \b
    Examples:
      sluice history audit --as auditor
      sluice history audit --as auditor --json
    """
    import numpy as np

    from app.bootstrap import services
    from app.disclosure.history import PARTITIONS
    from app.disclosure.partition.judge import judge
    from app.disclosure.partition.registry import comparisons, current
    from app.disclosure.rules import load_rules

    running = services()
    running.actor(who(person), "ledger:read")
    rule = load_rules(running.config.policies).firewall
    with running.store.reading() as connection:
        latest = current(connection, running.config.home / "history" / PARTITIONS)
        names = comparisons(connection)
    rows: list[dict[str, object]] = []
    for key, version in sorted(latest.items(), key=lambda item: names[item[0]]):
        partition = version.partition()
        verdict = judge(partition, rule, np.random.default_rng())
        dataset, unit, field = names[key]
        rows.append(
            {
                "dataset": dataset or "-",
                "unit": unit,
                "field": field or "count",
                "releases": len(partition.releases),
                "cells": len(partition.owner),
                "classes": len(partition.units),
                "smallest": int(min(partition.units, default=0)),
                "k": int(max(partition.needs, default=0)),
                "rank": verdict.rank,
                "small_units": verdict.small,
                "derivable": verdict.derivable,
                "verdict": verdict.code or "certified",
            }
        )
    answer_rows(rows, COLUMNS, as_json=as_json, empty="Nothing was released yet. 尚无放行结果。")
    if any(row["verdict"] != "certified" for row in rows):
        raise SystemExit(FOUND)
