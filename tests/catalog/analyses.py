"""What do the first lines of an analysis say it must yield?"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import sample_data.generate

SAMPLES = sample_data.generate.FOLDER
KEYS = {"title", "expect", "enterprise", "uses", "suppressed", "after", "stopped", "at"}
_LINE = re.compile(r"-- (\w+): (.+)")


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """One file of `sample_data/*/analyses` with its expectations; `some` and `none` are True and False."""

    file: Path
    sql: str
    title: str
    decision: str
    code: str | None
    enterprise: tuple[tuple[str, Path], ...]
    uses: Path | None
    suppressed: bool | None
    after: str | None
    stopped: bool | None
    at: str | None

    @property
    def folder(self) -> Path:
        """The folder of the scenario."""
        return self.file.parent.parent

    @property
    def name(self) -> str:
        """Scenario and file, for people."""
        return f"{self.folder.name}/{self.file.name}"


def read(file: Path) -> Analysis:
    """The analysis in `file`; raises ValueError for an expectation that this test does not know."""
    sql = file.read_text(encoding="utf-8")
    head: dict[str, str] = {}
    for line in sql.splitlines():
        match = _LINE.fullmatch(line)
        if match is None:
            break
        head[match[1]] = match[2].strip()
    if not {"title", "expect"} <= set(head) <= KEYS:
        raise ValueError(f"{file}: expectations {sorted(head)}")
    decision, _, code = head["expect"].partition(" ")
    folder = file.parent.parent
    tables = (pair.partition("=") for pair in head.get("enterprise", "").split())
    return Analysis(
        file=file,
        sql=sql,
        title=head["title"],
        decision=decision,
        code=code or None,
        enterprise=tuple((table, folder / name) for table, _, name in tables),
        uses=folder / head["uses"] if "uses" in head else None,
        suppressed=_some(head.get("suppressed")),
        after=head.get("after"),
        stopped=_some(head.get("stopped")),
        at=head.get("at"),
    )


def _some(text: str | None) -> bool | None:
    return None if text is None else {"some": True, "none": False}[text]


def everything() -> list[Analysis]:
    """Every analysis of every scenario."""
    return [read(file) for file in sorted(SAMPLES.glob("*/analyses/*.sql"))]
