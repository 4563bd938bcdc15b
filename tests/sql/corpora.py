"""Which queries is the analysis held against? Each with what must happen to it, as the lines before it say."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent
_EXPECTED = re.compile(r"-- (governed|refused|review|raises)(?:: ([a-z-]+))?(?:: (.+))?")
_TITLE = re.compile(r"-- (en|zh|protected): (.+)")


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What must happen: "governed", "review", "refused" with a code, or "raises" where DuckDB itself stops."""

    word: str
    code: str = ""
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One query, the name of its corpus and its own, what must happen to it over open data and over protected data."""

    corpus: str
    name: str
    sql: str
    expected: Expected
    protected: Expected | None = None
    titles: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """Where to find it."""
        return f"{self.corpus}/{self.name}"


def expected(line: str) -> Expected | None:
    """The expectation that a line states; None when it states none."""
    found = _EXPECTED.fullmatch(line)
    return Expected(word=found[1], code=found[2] or "", why=found[3] or "") if found else None


def questions(corpus: str) -> list[Case]:
    """The questions of TPC-H ("tpch") or TPC-DS ("tpcds"): a file each, which begins with what is expected."""
    return [_question(corpus, file) for file in sorted((FOLDER / corpus).glob("q*.sql"))]


def _question(corpus: str, file: Path) -> Case:
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    stated = expected(lines[0])
    if stated is None:
        raise ValueError(f"{file.name}: {lines[0]}")
    titles = {found[1]: found[2] for line in lines[1:5] if (found := _TITLE.fullmatch(line))}
    protected = expected(f"-- {titles.pop('protected')}") if "protected" in titles else None
    return Case(corpus=corpus, name=file.stem, sql=text, expected=stated, protected=protected, titles=titles)


def small_ones() -> list[Case]:
    """The small queries over the open world, by family; "governed" where nothing is stated."""
    files = [FOLDER / "open.sql", *sorted((FOLDER / "corpus").glob("*.sql"))]
    return [case for file in files for case in _family(file)]


def _family(file: Path) -> list[Case]:
    first, body = file.read_text(encoding="utf-8").split("\n", 1)
    line, cases = 2, []
    for statement in re.split(r"(?<=;)\n", body):
        text = statement.strip().removesuffix(";").strip()
        head, _, rest = text.partition("\n")
        stated = expected(head)
        if text:
            sql = rest if stated else text
            cases.append(Case(corpus=file.stem, name=f"{line}", sql=sql, expected=stated or Expected(word="governed")))
        line += statement.count("\n") + 1
    if not first.startswith("-- "):
        raise ValueError(f"{file.name}: {first}")
    return cases
