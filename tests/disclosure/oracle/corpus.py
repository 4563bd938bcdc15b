"""Which queries does the oracle ask, and what are their frontiers, written by hand?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

QUERIES = Path(__file__).with_name("queries.sql")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One query: its title, what is asked, each frontier as plain SQL, and inner cells that count as released.

    `review` says whether people have to judge it; None where that is not stated.
    """

    title: str
    sql: str
    frontiers: tuple[str, ...]
    given: tuple[tuple[str, str], ...] = ()
    review: bool | None = False


def queries(file: Path = QUERIES) -> list[Asked]:
    """The queries of `file`, in its order; the comment at its top says how they are written."""
    found: list[Asked] = []
    told: list[tuple[str, str]] = []
    for line in file.read_text(encoding="utf-8").splitlines()[4:]:
        if line.startswith("-- "):
            word, _, rest = line[3:].partition(" ")
            told.append((word.rstrip(":"), rest))
        elif line:
            found.append(_asked(told, line.rstrip(";")))
            told = []
    return found


def _asked(told: list[tuple[str, str]], sql: str) -> Asked:
    words = [word for word, _ in told]
    given = [rest.partition(": ") for word, rest in told if word == "given"]
    return Asked(
        title=next(rest for word, rest in told if word == "asks"),
        sql=sql,
        frontiers=tuple(rest for word, rest in told if word == "raw") or (sql,),
        given=tuple((name, text) for name, _, text in given),
        review="review" in words,
    )
