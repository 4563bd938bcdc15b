"""Which states and moves are there? Writes `app/docs/lifecycles.*.md`: `python -m tests.governance.lifecycle_page`."""

from __future__ import annotations

from pathlib import Path

from app.domain.lifecycles import LIFECYCLES, Lifecycle, diagram
from tests.architecture.source import ROOT

TITLES = {
    "catalog_entry": {"zh": "目录条目", "en": "Catalog entry"},
    "application": {"zh": "申请", "en": "Application"},
    "authorization": {"zh": "授权", "en": "Authorization"},
    "job": {"zh": "作业", "en": "Job"},
    "output": {"zh": "成果", "en": "Output"},
    "policy": {"zh": "规则版本", "en": "Version of the rules"},
    "template": {"zh": "模板", "en": "Template"},
}
TEXTS = {
    "zh": {
        "title": "生命周期",
        "lead": "每一次状态变更都是下表中的一行：谁凭哪项权限、因何事件、从哪个状态到哪个状态，并写下哪一条台账。"
        "表中没有的一律拒绝（`transition-impossible`），没有权限的一律拒绝（`not-permitted`）。"
        "读者是业务人员、审核人员和审计人员；本页由程序中的表生成：`python -m tests.governance.lifecycle_page`。",
        "links": "[English](lifecycles.en.md) · [台账](ledger.zh.md)",
        "states": "| 状态 | 名称 | 下一步由谁 |\n| --- | --- | --- |",
        "moves": "| 从 | 事件 | 到 | 权限 | 台账事件 |\n| --- | --- | --- | --- | --- |",
        "nobody": "（无）",
        "start": "（新建）",
    },
    "en": {
        "title": "Lifecycles",
        "lead": "Every change of state is one row of these tables: under which permission, by which event, from where "
        "to where, and which entry it writes. What is in no table is refused (`transition-impossible`), and so is "
        "whoever lacks the permission (`not-permitted`). For officers, reviewers and auditors. This page is made from "
        "the tables of the program: `python -m tests.governance.lifecycle_page`.",
        "links": "[中文](lifecycles.zh.md) · [the ledger](ledger.en.md)",
        "states": "| state | name | who moves next |\n| --- | --- | --- |",
        "moves": "| from | event | to | permission | ledger event |\n| --- | --- | --- | --- | --- |",
        "nobody": "(nobody)",
        "start": "(new)",
    },
}


def file(language: str) -> Path:
    """Where the page lies."""
    return ROOT / f"app/docs/lifecycles.{language}.md"


def page(language: str) -> str:
    """The page as the tables make it."""
    words = TEXTS[language]
    parts = [f"# {words['title']}", words["lead"], words["links"]]
    for life in LIFECYCLES.values():
        parts += _section(life, language)
    return "\n\n".join(parts) + "\n"


def _section(life: Lifecycle, language: str) -> list[str]:
    words = TEXTS[language]
    owner = {"nobody": words["nobody"]}
    states = [
        f"| `{s.name}` | {s.label.in_language(language)} | {owner.get(s.owner, f'`{s.owner}`')} |" for s in life.states
    ]
    moves = [
        f"| {f'`{t.source}`' if t.source else words['start']} | `{t.event}` | `{t.target}` | `{t.permission}` "
        f"| `{t.ledger_event}` |"
        for t in life.transitions
    ]
    return [
        f"## {TITLES[life.name][language]}",
        f"```mermaid\n{diagram(life)}```",
        "\n".join([words["states"], *states]),
        "\n".join([words["moves"], *moves]),
    ]


if __name__ == "__main__":
    for each in TEXTS:
        file(each).write_text(page(each), encoding="utf-8")
