"""How does a template read in a terminal? What it is for, what may be asked, and what an approval binds."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli.terminal import WIDTH
from app.domain.lifecycles import TEMPLATE

PARAMETER_COLUMNS = ("name", "type", "title", "allowed", "source", "default")
_KINDS = {"public": "公开 public", "unit": "每行一个主体 rows of units"}
_CHOICES = {"approve": "同意 approve", "reject": "驳回 reject", "return": "退回 return"}


def shown(value: Mapping[str, Any]) -> str:
    """What `sluice template show` found about a version, as text."""
    state = TEMPLATE.state(value["state"]).label
    lines = [
        f"{value['id']}: {value['state']} {state.zh}  ({value['name']}, version {value['version']})",
        f"{value['title']['zh']} / {value['title']['en']}",
        value["purpose"],
        f"authorization {value['authorization']}, by {value['author']} of {value['operator']}",
        "",
        "SQL",
        value["sql"].rstrip(),
        "",
        "参数 Parameters",
        table(PARAMETER_COLUMNS, value["parameters"]) if value["parameters"] else "-",
    ]
    return "\n".join(lines + _appraised(value["appraisal"]) + _reviewed(value["reviews"]))


def _appraised(found: Mapping[str, Any] | None) -> list[str]:
    """What an approval binds."""
    if found is None:
        return []
    print_ = found["footprint"]
    uses = [{**u, **(u["position"] or {}), "name": f"{u['dataset']}.{u['field']}"} for u in print_["uses"]]
    rules = {(d, f, u): ", ".join(names) for d, f, u, names in found["decisions"]}
    rows = [{**u, "rule": rules.get((u["dataset"], u["field"], u["use"]), "")} for u in uses]
    relations = [f"{name}: {_KINDS[kind]}{_of(units)}" for name, kind, units in print_["relations"]]
    mixed = [
        f"aggregation {n}: {keys} keys, {', '.join(functions) or '-'}{_of(units)}"
        for n, (units, keys, functions) in enumerate(print_["aggregations"], 1)
    ]
    looked = f"level {print_['level']}, {found['reviewers']} reviewer(s), {found['analyses']} sets of values"
    return [
        "",
        f"批准所约束的内容 What an approval binds ({looked})",
        table(("line", "column", "name", "use", "rule"), rows),
        *relations,
        *mixed,
        *_reasons(print_["reasons"]),
    ]


def _reasons(reasons: Sequence[Sequence[Any]]) -> list[str]:
    if not reasons:
        return ["每项检查均可自动计算 every check can be computed"]
    return [f"须由人判断 for people to judge: {code} (line {line}, column {column})" for code, line, column in reasons]


def _reviewed(votes: Sequence[Mapping[str, Any]]) -> list[str]:
    said = [{**v, "choice": _CHOICES.get(v["choice"], v["choice"])} for v in votes]
    return ["", "表决 Votes", table(("reviewer", "organization", "choice", "reason"), said)] if said else []


def _of(units: Iterable[str]) -> str:
    named = ", ".join(units)
    return f" ({named})" if named else ""


def table(columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows in columns, as text."""
    drawn = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        drawn.add_row(*(Text(_cell(row.get(c))) for c in columns))
    out = io.StringIO()
    Console(file=out, width=WIDTH).print(drawn)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def _cell(value: object) -> str:
    if isinstance(value, Mapping):
        return f"{value['zh']} / {value['en']}"
    return "-" if value is None else str(value)
