"""Is a message one of the protocol? Reads tasks and answers, and refuses whatever is not exactly of their shape.

An answer is hostile input: a process that has been taken over may have written it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import TypeVar

from sandbox.column_types import column_type
from sandbox.protocol import (
    CODES,
    CODING_KINDS,
    FILTER_TESTS,
    IDENTIFIERS,
    MASK_KINDS,
    MAX_ANSWER_BYTES,
    MAX_CELL_CHARACTERS,
    MAX_ITEMS,
    MAX_PAGE_ROWS,
    MAX_PROBLEMS,
    MAX_SQL_BYTES,
    MAX_SYNTHETIC_ROWS,
    MAX_TASK_BYTES,
    VERSION,
    Answer,
    ColumnScan,
    Filter,
    InspectTask,
    Limits,
    Mask,
    MountField,
    MountTask,
    QueryTask,
    RefineTask,
    RehearseTask,
    SyntheticColumn,
    Task,
    Usage,
    View,
)
from sandbox.shape import Malformed, from_plain

T = TypeVar("T")
MAX_WALLS = 32
_NAME = re.compile(r"[^\W\d]\w{0,127}")
_FILE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,119}")
_SAFE_TEXT = re.compile(r"[^\x00-\x1f\x7f\ud800-\udfff]{1,4096}")
_FUNCTION = re.compile(r"[\w!-/:-@\[-`{-~]{1,64}")
_LABEL = re.compile(r"[\w:.@/ -]{1,160}")
_WHAT = re.compile(r"[a-z][a-z-]{0,40}(:[a-z-]{1,40})?")
STATUSES = ("ok", "failed")
FORMATS = ("csv", "parquet")
SCANNED = ("text", "number")


def decode_task(message: bytes) -> Task:
    """The task in `message`. Raises `Malformed` on any other version, kind, field, type, name or size."""
    body = _body(message, MAX_TASK_BYTES)
    kind = body.get("kind")
    if kind == "query":
        task: Task = _checked(from_plain(QueryTask, body), _check_query)
    elif kind == "mount":
        task = _checked(from_plain(MountTask, body), _check_mount)
    elif kind == "rehearse":
        task = _checked(from_plain(RehearseTask, body), _check_rehearse)
    elif kind == "inspect":
        task = _checked(from_plain(InspectTask, body), _check_inspect)
    elif kind == "refine":
        task = _checked(from_plain(RefineTask, body), _check_refine)
    else:
        raise Malformed("the kind of the task is not known")
    return task


def _checked(task: T, check: Callable[[T], None]) -> T:
    check(task)
    return task


def decode_answer(message: bytes) -> Answer:
    """The answer in `message`, which a hostile process may have written. Raises `Malformed` as `decode_task` does."""
    answer = from_plain(Answer, _body(message, MAX_ANSWER_BYTES))
    _check_answer(answer)
    return answer


def _body(message: bytes, limit: int) -> dict[str, object]:
    if len(message) > limit:
        raise Malformed("the message is too long")
    try:
        whole = json.loads(message.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Malformed("the message is not JSON") from error
    if not isinstance(whole, dict) or set(whole) != {"v", "body"} or type(whole["v"]) is not int:
        raise Malformed("the message has no version and body")
    if whole["v"] != VERSION or not isinstance(whole["body"], dict):
        raise Malformed("the message is of another version")
    return whole["body"]


def _demand(condition: bool, what: str) -> None:
    if not condition:
        raise Malformed(what)


def _distinct(names: list[str], what: str) -> None:
    lowered = [name.lower() for name in names]
    _demand(len(set(lowered)) == len(lowered), f"{what} repeat")
    _demand(len(names) <= MAX_ITEMS, f"too many {what}")


def _path(text: str) -> None:
    _demand(bool(_SAFE_TEXT.fullmatch(text)) and text.startswith("/") and ".." not in text.split("/"), "a path is bad")


def _column(text: str) -> None:
    _demand(bool(_SAFE_TEXT.fullmatch(text)) and len(text) <= 255, "a column name is bad")


def _count(number: int) -> None:
    _demand(0 <= number < 2**53, "a number is out of range")


def _check_limits(limits: Limits) -> None:
    _demand(all(0 < n < 2**53 for n in asdict(limits).values()), "a limit is out of range")
    _demand(limits.threads <= 256, "too many threads")
    _demand(limits.sql_bytes <= MAX_SQL_BYTES, "the limit of a text is out of range")


def _check_views(views: tuple[View, ...]) -> None:
    for view in views:
        _path(view.path)
        _distinct(list(view.columns), "columns")
        _demand(bool(view.columns), "a view has no columns")
        for column in (*view.columns, *(f.column for f in view.filters), *(m.column for m in view.masks)):
            _column(column)
        _distinct([mask.column for mask in view.masks], "masks")
        _demand({mask.column for mask in view.masks} <= set(view.columns), "a mask of a column that is not shown")
        _demand(len(view.filters) <= MAX_ITEMS, "too many filters")
        for each in view.filters:
            _check_filter(each)
        for mask in view.masks:
            _check_mask(mask)


def _check_filter(each: Filter) -> None:
    least, most = {"in": (1, MAX_ITEMS), "is-null": (0, 0), "is-not-null": (0, 0)}.get(each.test, (1, 1))
    _demand(each.test in FILTER_TESTS and least <= len(each.values) <= most, "a filter is bad")
    _demand(all(map(_SAFE_TEXT.fullmatch, each.values)), "a value is bad")


_NUMBER = r"-?\d{1,38}(\.\d{1,38})?(e[+-]?\d{1,3})?"
_MASK_ARGUMENTS = {
    "band": re.compile(r"(?=.*[1-9])\d{1,9}(\.\d{1,6})?"),
    "prefix": re.compile(r"\d{1,3}"),
    "pseudonym": re.compile(r"[0-9a-f]{32,128}"),
    "code": re.compile(rf"(?=.*\d)({_NUMBER})?/({_NUMBER})?"),
    "tails": re.compile(r"0\.\d{1,9}/\d{1,6}"),
}


def _check_mask(mask: Mask) -> None:
    _demand(mask.kind in (*MASK_KINDS, *CODING_KINDS), "a mask is not known")
    argument = _MASK_ARGUMENTS.get(mask.kind)
    fits = not mask.argument if argument is None else argument.fullmatch(mask.argument)
    _demand(bool(fits), "the argument of a mask is bad")


def _check_texts(texts: list[str], functions: tuple[str, ...]) -> None:
    _demand(
        all(0 < len(t.encode("utf-8", "replace")) <= MAX_SQL_BYTES and "\0" not in t for t in texts), "a text is bad"
    )
    _demand(len(functions) <= MAX_ITEMS, "too many functions")
    _demand(all(_FUNCTION.fullmatch(name) for name in functions), "a function name is bad")


def _check_query(task: QueryTask) -> None:
    _check_limits(task.limits)
    tables = [view.name for view in task.views] + [step.table for step in task.steps]
    _distinct(tables, "tables")
    _demand(all(_NAME.fullmatch(name) for name in tables), "a table name is bad")
    _check_views(task.views)
    _distinct([export.file for export in task.exports], "files")
    _demand(all(_FILE.fullmatch(export.file) for export in task.exports), "a file name is bad")
    _demand(all(e.max_rows is None or 0 <= e.max_rows < 2**53 for e in task.exports), "a limit is out of range")
    _demand(task.scan is None or task.scan in {e.file for e in task.exports}, "a scan of a file that is not there")
    _check_texts([step.sql for step in task.steps] + [export.sql for export in task.exports], task.functions)


def _check_rehearse(task: RehearseTask) -> None:
    _check_limits(task.limits)
    tables = [table.name for table in task.tables] + [view.name for view in task.views]
    _distinct(tables, "tables")
    _demand(all(_NAME.fullmatch(name) for name in tables), "a table name is bad")
    for table in task.tables:
        _demand(0 <= table.rows <= MAX_SYNTHETIC_ROWS, "too many rows")
        _distinct([column.name for column in table.columns], "columns")
        _demand(bool(table.columns), "a table has no columns")
        for column in table.columns:
            _check_synthetic(column)
    _check_views(task.views)
    _check_texts([task.sql], task.functions)
    _count(task.seed)
    _demand(0 <= task.page_rows <= MAX_PAGE_ROWS, "too many rows")


def _check_synthetic(column: SyntheticColumn) -> None:
    _column(column.name)
    _demand(column_type(column.type) is not None, "a type is not known")
    _check_values(column)
    _demand(column.subjects is None or 0 < column.subjects <= MAX_SYNTHETIC_ROWS, "too many subjects")
    _demand(0 <= column.missing <= 1, "a share is out of range")


def _check_values(column: SyntheticColumn | MountField) -> None:
    """What is declared of a column's values."""
    _demand(len(column.values) <= MAX_ITEMS and all(map(_SAFE_TEXT.fullmatch, column.values)), "a value is bad")
    bounds = [bound for bound in (column.minimum, column.maximum) if bound is not None]
    _demand(all(map(_SAFE_TEXT.fullmatch, bounds)), "a bound is bad")


def _check_inspect(task: InspectTask) -> None:
    _check_limits(task.limits)
    _path(task.path)
    _count(task.offset)
    _demand(0 < task.limit <= MAX_PAGE_ROWS, "too many rows")
    _distinct(list(task.columns), "columns")
    for column in (*task.columns, *([] if task.order_by is None else [task.order_by])):
        _column(column)


def _check_refine(task: RefineTask) -> None:
    _check_limits(task.limits)
    _demand(0 < len(task.parts) <= MAX_ITEMS, "no parts, or too many")
    for part in task.parts:
        _path(part.members)
        if part.stored is not None:
            _path(part.stored)
        _demand(0 < len(part.contributors) <= MAX_WALLS, "no numbers of units, or too many")
        _demand(list(part.contributors) == sorted(set(part.contributors)), "numbers of units are not in order")
        _count(part.contributors[0])
        _count(part.contributors[-1])


def _check_mount(task: MountTask) -> None:
    _check_limits(task.limits)
    _path(task.source)
    _path(task.registry)
    _demand(task.format in FORMATS, "the format is not known")
    _distinct([f.name for f in task.fields], "fields")
    for declared in task.fields:
        _column(declared.name)
        _demand(not declared.name.startswith("__"), "a field name is reserved")
        _demand(column_type(declared.type) is not None, "a type is not known")
        _demand(declared.identifier is None or bool(_FILE.fullmatch(declared.identifier)), "a registry name is bad")
        _check_values(declared)
    identifiers = {f.name for f in task.fields if f.identifier is not None}
    _distinct(list(task.units), "units")
    _demand(set(task.units) <= identifiers, "a unit is not an identifier field")
    names = {f.name for f in task.fields}
    groups = (*task.keys, *task.hierarchies)
    _demand(len(groups) <= MAX_ITEMS and all(g and set(g) <= names for g in groups), "a key is not of the fields")
    if task.expected_rows is not None:
        _count(task.expected_rows)


def _check_answer(answer: Answer) -> None:
    _demand(answer.status in STATUSES, "the status is not known")
    ok = answer.status == "ok"
    _demand(answer.code is None if ok else answer.code in CODES, "the code does not fit the status")
    results = (answer.files, answer.rows, answer.columns, answer.statistics, answer.page, answer.page_of, answer.scan)
    _demand(ok or not any(results), "a failed answer has results")
    _demand(answer.step is None or bool(_LABEL.fullmatch(answer.step)), "a step name is bad")
    _distinct(list(answer.files), "files")
    _demand(all(_FILE.fullmatch(name) for name in answer.files), "a file name is bad")
    _demand(set(answer.rows) <= set(answer.files), "rows of a file that is not there")
    for number in (*answer.rows.values(), answer.page_of):
        _count(number)
    for name, type_ in answer.columns:
        _column(name)
        _demand(bool(_SAFE_TEXT.fullmatch(type_)), "a type is bad")
    _distinct([name for name, _ in answer.columns], "columns")
    _check_statistics(answer.statistics)
    _check_problems(answer)
    _check_page(answer)
    _demand(len(answer.scan) <= MAX_ITEMS, "too many columns")
    for column in answer.scan:
        _check_scan(column)
    _check_usage(answer.usage)
    said = (*answer.walls, *answer.absent, *answer.absent.values())
    _demand(len(said) <= MAX_WALLS and all(map(_LABEL.fullmatch, said)), "a wall is bad")


def _check_page(answer: Answer) -> None:
    _demand(len(answer.page) <= min(MAX_PAGE_ROWS, answer.page_of), "too many rows on a page")
    cells = [cell for row in answer.page for cell in row]
    _demand(all(len(row) == len(answer.columns) for row in answer.page), "a row of another length")
    _demand(all(cell is None or len(cell) <= MAX_CELL_CHARACTERS for cell in cells), "a cell is too long")


def _check_scan(scan: ColumnScan) -> None:
    """No more can be found than there is, and nothing in a column that was not looked at."""
    _demand(scan.form in SCANNED or (scan.form == "other" and not scan.found), "a form is not known")
    _demand(0 <= scan.distinct <= scan.values < 2**53, "a count is out of range")
    _distinct([found.kind for found in scan.found], "kinds")
    for found in scan.found:
        _demand(found.kind in IDENTIFIERS, "a kind is not known")
        _demand(0 <= found.rows <= scan.values and bool(found.rows) == bool(found.matches), "a count is out of range")
        _demand(0 <= found.matches <= found.candidates < 2**53, "a count is out of range")


_STATISTICS = frozenset(
    {"distinct", "nulls", "max_rows", "zeros", "negatives", "rows", "units", "small_units", "single"}
)


def _check_statistics(statistics: dict[str, dict[str, int]]) -> None:
    _demand(len(statistics) <= MAX_ITEMS, "too many statistics")
    for name, numbers in statistics.items():
        _column(name)
        _demand(set(numbers) <= _STATISTICS, "a statistic is not known")
        _demand(all(0 <= n < 2**53 for n in numbers.values()), "a statistic is out of range")


def _check_problems(answer: Answer) -> None:
    _demand(len(answer.problems) <= MAX_PROBLEMS and 0 <= answer.problems_total < 2**53, "too many problems")
    for problem in answer.problems:
        _demand(0 <= problem.line < 2**53, "a line is out of range")
        _demand(problem.column == "" or bool(_SAFE_TEXT.fullmatch(problem.column)), "a column name is bad")
        _demand(bool(_WHAT.fullmatch(problem.what)), "a problem is not known")
        _demand(problem.expected == "" or bool(_SAFE_TEXT.fullmatch(problem.expected)), "an expectation is bad")
        _demand(len(problem.column) <= 255 and len(problem.expected) <= 64, "a problem is too long")


def _check_usage(usage: Usage) -> None:
    numbers = asdict(usage)
    stages = numbers.pop("stages")
    seconds = [numbers[name] for name in numbers if name.endswith("_seconds")]
    _demand(all(math.isfinite(s) and 0 <= s < 1e9 for s in (*seconds, *stages.values())), "seconds are out of range")
    _demand(all(0 <= n < 2**53 for n in numbers.values()), "usage is out of range")
    _demand(len(stages) <= MAX_ITEMS and all(map(_LABEL.fullmatch, stages)), "a stage is bad")
