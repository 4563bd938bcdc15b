"""How does a check report read in a terminal? Plain words first, then tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from app.domain.template_runs import run_text

EVIDENCE = (
    "frontier",
    "cell",
    "measure",
    "unit",
    "contributors",
    "largest_share",
    "verdict",
    "rule",
    "repairs",
    "near",
)
MERGED = ("level", "labels", "values")
ALL_ROWS = "(which rows count)"
"""Stands for the columns where the lineage is of conditions and joins."""


def print_report(value: Mapping[str, Any]) -> None:
    """Print what `sluice review show` found about an output."""
    console, report = Console(soft_wrap=True), value["report"]
    say = console.print
    say(f"[bold]{value['id']}[/]  {value['state']}  {value['title']} ({value['operator']}, level {value['level']})")
    if value["template"] is not None:
        say(f"  {run_text(value['template'])}", highlight=False, markup=False)
    for language in ("zh", "en"):
        for sentence in report["summary"]:
            say(f"  {sentence[language]}", highlight=False, markup=False)
    for reason in report["reasons"]:
        say(f"  {reason['code']}: {reason['message']} {reason['remedy']}", highlight=False, markup=False)
    for restriction in report["restrictions"]:
        say(f"  {restriction_line(restriction)}", highlight=False, markup=False)
    votes, needed = value["reviewers"].split("/")
    say(f"  Votes so far: {votes} of {needed}.", highlight=False, markup=False)
    _print_table(console, "Fields in each column", ("column", "field", "use"), _lineage_rows(report["lineage"]))
    _print_table(console, "Cells by verdict", ("verdict", "rule", "cells", "en"), report["taken"])
    for merged in report["merged"]:
        _print_table(console, f"Merged: {merged['dataset']}.{merged['field']}", MERGED, merged["levels"])
    if report["audience"] == "reviewer":
        _print_findings(console, report)
        _print_evidence(console, value)
    _print_table(console, "Votes", ("reviewer", "organization", "choice", "reason"), value["votes"])


def _lineage_rows(lineage: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """One row per column and field, with all its uses."""
    rows = []
    for column in lineage:
        uses: dict[str, list[str]] = {}
        for source in column["sources"]:
            uses.setdefault(f"{source['dataset']}.{source['field']}", []).append(source["use"])
        name = ALL_ROWS if column["column"] is None else column["column"]
        rows += [{"column": name, "field": field, "use": ", ".join(found)} for field, found in uses.items()]
    return rows


def restriction_line(told: Mapping[str, Any]) -> str:
    """A rule that kept rows or values from the analysis, e.g. "not seen: t.day (mask:month, rule m1): …"."""
    place = ".".join(filter(None, (told["dataset"], told["field"])))
    return f"not seen: {place} ({told['what']}, rule {told['rule']}): {told['en']} {told['zh']}"


def _print_findings(console: Console, report: Mapping[str, Any]) -> None:
    """What was found about all cells and texts together."""
    bars = [
        {**b, "contributors": f"{b['least']} and more" if b["most"] is None else f"{b['least']}–{b['most']}"}
        for b in report["histogram"]
    ]
    _print_table(console, "Rows of aggregations by contributors", ("unit", "contributors", "left", "kept"), bars)
    _print_table(console, "Texts", ("column", "kind", "rows", "of", "verdict"), report["texts"])
    near = [{**n, "result": n["words"]["en"]} for n in report["near"]]
    _print_table(console, "Too near to", ("result", "cells"), near)


def _print_evidence(console: Console, value: Mapping[str, Any]) -> None:
    console.print("\n[bold]SQL[/]")
    console.print(value["sql"].rstrip(), highlight=False, markup=False)
    uses = [{**u, "rules": ", ".join(u["rules"])} for u in value["uses"]]
    _print_table(console, "Uses", ("dataset", "field", "use", "rules"), uses)
    page = value["report"]["cells"]
    cells = [{**c, "near": _nearness(c["near"]), "repairs": _repairs(c["repairs"])} for c in page["items"]]
    first, last = page["offset"] + 1, page["offset"] + len(cells)
    _print_table(console, f"Cells ({first} to {last} of {page['total']})", EVIDENCE, cells)
    if value["table"]:
        _print_table(console, _title(value["page"]), tuple(value["table"][0]), value["table"])


def _repairs(repairs: Sequence[Mapping[str, Any]]) -> str | None:
    """What was done to a cell."""
    return "; ".join(r["words"]["en"] for r in repairs) or None


def _nearness(near: Sequence[Mapping[str, Any]]) -> str | None:
    """What a cell came too near to, and how near."""
    found = [f"{n['release']}{' (a sum)' if n['rollup'] else ''}, {n['distance']} apart" for n in near]
    return "; ".join(found) or None


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
