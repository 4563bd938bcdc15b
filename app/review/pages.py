"""Which rows of a result does a reviewer look at? What to ask the sandbox for, and its answer as plain data.

The control plane reads no row itself: a confined process does, which can read that one file and nothing else.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from app.domain.errors import Broken, Invalid
from app.review.outputs import OutputRecord
from sandbox.protocol import MAX_PAGE_ROWS, Answer, InspectTask, Limits

Value = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True)
class PageAsked:
    """At most `rows` rows (1 to `MAX_PAGE_ROWS`) from `offset` on, of `columns` (empty: of all).

    `order_by` names a column to sort by, missing values last; None keeps the order of the result.
    """

    rows: int = 20
    offset: int = 0
    columns: tuple[str, ...] = ()
    order_by: str | None = None
    descending: bool = False


@dataclass(frozen=True, kw_only=True)
class ResultPage:
    """Rows from `offset` on, of `total`. Numbers and truths are such, other values texts; a long one ends in "…"."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[Value, ...], ...]
    offset: int
    total: int

    def records(self) -> list[dict[str, Value]]:
        """Each row as column → value."""
        names = [name for name, _ in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


def page_task(record: OutputRecord, asked: PageAsked, quarantine: Path, limits: Limits) -> InspectTask:
    """The task that reads the page.

    Raises Invalid("review-column-unknown"), Invalid("review-page-range"), and Broken("review-table-unreadable") when
    the table is not there.
    """
    known = [name for name, _ in record.report.columns]
    for column in (*asked.columns, *([] if asked.order_by is None else [asked.order_by])):
        if column not in known:
            raise Invalid("review-column-unknown", column=column, columns=", ".join(known))
    if not 1 <= asked.rows <= MAX_PAGE_ROWS or asked.offset < 0:
        raise Invalid("review-page-range", most=MAX_PAGE_ROWS)
    table = quarantine / record.folder / Path(record.report.table).name
    if not table.is_file():
        raise Broken("review-table-unreadable", output=record.id)
    return InspectTask(
        path=str(table.resolve()),
        offset=asked.offset,
        limit=asked.rows,
        columns=tuple(dict.fromkeys(asked.columns)),
        order_by=asked.order_by,
        descending=asked.descending,
        limits=limits,
    )


def page_of(record: OutputRecord, task: InspectTask, answer: Answer) -> ResultPage:
    """The page in an "ok" answer. Raises Broken("review-table-unreadable") when it is not of the reported table."""
    wanted = task.columns or tuple(name for name, _ in record.report.columns)
    if answer.page_of != record.report.rows or len(answer.columns) != len(wanted):
        raise Broken("review-table-unreadable", output=record.id)
    columns = tuple((name, kind) for name, (_, kind) in zip(wanted, answer.columns, strict=True))
    rows = tuple(tuple(_value(text, kind) for text, (_, kind) in zip(row, columns, strict=True)) for row in answer.page)
    return ResultPage(columns=columns, rows=rows, offset=task.offset, total=answer.page_of)


_WHOLE = re.compile(r"-?[0-9]{1,40}")
_BROKEN = re.compile(r"-?[0-9]{1,40}(\.[0-9]{1,40})?(e[+-]?[0-9]{1,3})?")
"""Numbers as the engine writes them. What is not one stays a text: "inf", "nan", or what somebody made up."""


def _whole(text: str) -> Value:
    return int(text) if _WHOLE.fullmatch(text) else text


def _floating(text: str) -> Value:
    return float(text) if _BROKEN.fullmatch(text) and math.isfinite(float(text)) else text


def _decimal(text: str) -> Value:
    """A number where it keeps every digit, else the text."""
    if not _BROKEN.fullmatch(text):
        return text
    exact = Decimal(text)
    if exact == exact.to_integral_value():
        return int(exact)
    return float(text) if Decimal(repr(float(text))) == exact else text


def _truth(text: str) -> Value:
    return {"true": True, "false": False}.get(text, text)


_READ: tuple[tuple[re.Pattern[str], Callable[[str], Value]], ...] = (
    (re.compile(r"U?(TINY|SMALL|BIG|HUGE)INT|U?INTEGER"), _whole),
    (re.compile(r"FLOAT|DOUBLE"), _floating),
    (re.compile(r"DECIMAL\(\d+,\d+\)"), _decimal),
    (re.compile(r"BOOLEAN"), _truth),
)


def _value(text: str | None, kind: str) -> Value:
    if text is None:
        return None
    read = next((read for pattern, read in _READ if pattern.fullmatch(kind)), None)
    return text if read is None else read(text)
