"""How does a check report read in a terminal? Plain words first, then tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from app.domain.template_runs import run_text

MAX_CELLS = 50
"""Cells shown in the terminal; `--json` has all of them."""

EVIDENCE = ("frontier", "cell", "measure", "unit", "contributors", "largest_share", "verdict", "rule")


def print_report(value: Mapping[str, Any]) -> None:
    """Print what `sluice review show` found about an output."""
    console, report = Console(soft_wrap=True), value["report"]
    say = console.print
    say(f"[bold]{value['id']}[/]  {value['state']}  {value['title']} ({value['operator']}, level {value['level']})")
    if value["template"] is not None:
        say(f"  {run_text(value['template'])}", highlight=False, markup=False)
    for sentence in sentences(value):
        say(f"  {sentence}", highlight=False, markup=False)
    for reason in report["reasons"]:
        say(f"  {reason['code']}: {reason['message']} {reason['remedy']}", highlight=False, markup=False)
    for restriction in report["restrictions"]:
        say(f"  {restriction_line(restriction)}", highlight=False, markup=False)
    if "sql" in value:
        _print_evidence(console, value)
    _print_table(console, "Votes", ("reviewer", "organization", "choice", "reason"), value["votes"])


def sentences(value: Mapping[str, Any]) -> list[str]:
    """The report in plain words, without a value of any cell."""
    report = value["report"]
    suppressed = f"{report['suppressed']} cells were suppressed (too few subjects, or one that dominates)."
    found = [
        f"{report['rows']} rows would leave; {suppressed}",
        f"{report['stopped_by_firewall']} cells were stopped because they come too near to earlier releases."
        if report["stopped_by_firewall"]
        else "Nothing comes too near to what was released before.",
    ]
    if report["reasons"]:
        found.append("People must judge what could not be computed:")
    votes, needed = value["reviewers"].split("/")
    found.append(f"Votes so far: {votes} of {needed}.")
    return found


def restriction_line(told: Mapping[str, Any]) -> str:
    """A rule that kept rows or values from the analysis, e.g. "not seen: t.day (mask:month, rule m1): …"."""
    place = ".".join(filter(None, (told["dataset"], told["field"])))
    return f"not seen: {place} ({told['what']}, rule {told['rule']}): {told['en']} {told['zh']}"


def _print_evidence(console: Console, value: Mapping[str, Any]) -> None:
    console.print("\n[bold]SQL[/]")
    console.print(value["sql"].rstrip(), highlight=False, markup=False)
    uses = [{**u, "rules": ", ".join(u["rules"])} for u in value["uses"]]
    _print_table(console, "Uses", ("dataset", "field", "use", "rules"), uses)
    cells: Sequence[Mapping[str, Any]] = value["cells"]
    _print_table(console, f"Cells ({len(cells)})", EVIDENCE, cells[:MAX_CELLS])
    if value["table"]:
        _print_table(console, _title(value["page"]), tuple(value["table"][0]), value["table"])


def _title(page: Mapping[str, int]) -> str:
    """The heading of the rows that are shown, which may be some of them only."""
    first, last = page["offset"] + 1, page["offset"] + page["rows"]
    some = f" ({first} to {last} of {page['total']})" if page["rows"] < page["total"] else ""
    return f"Rows that would leave{some}"


def _print_table(console: Console, title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        return
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*("-" if row[c] is None else _text(row[c]) for c in columns))
    console.print(f"\n[bold]{title}[/]")
    console.print(table, markup=False)


def _text(value: object) -> str:
    shown = f"{value:.3f}" if isinstance(value, float) else str(value)
    return shown.replace("[", "\\[")
