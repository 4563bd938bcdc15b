"""What does the sandbox's answer to a mount mean for a steward? Problems become findings with column and line."""

from __future__ import annotations

from app.catalog.values import Entry
from app.domain.errors import Broken, Finding, Unavailable
from app.domain.values import Position
from sandbox.protocol import Answer, Problem

CODE_OF = {
    "wrong-type": "catalog-bad-row",
    "undeclared-value": "catalog-undeclared-value",
    "out-of-range": "catalog-out-of-range",
    "missing-columns": "catalog-truncated-row",
    "cut-off": "catalog-cut-off",
    "missing": "catalog-missing-column",
    "unexpected": "catalog-unexpected-column",
    "not-unique": "catalog-repeated-column",
    "row-count": "catalog-row-count",
    "wrong-format": "catalog-file-unreadable",
    "looks-like": "catalog-looks-like-identifier",
    "repeated-key": "catalog-repeated-key",
    "broken-hierarchy": "catalog-broken-hierarchy",
}
"""`Problem.what` before its colon → our code; everything else is a "catalog-broken-row"."""

DETAILS = {
    "too-many-columns": ("列数过多", "too many columns"),
    "unterminated-quote": ("引号未闭合", "a quote is not closed"),
    "invalid-encoding": ("不是 UTF-8", "not UTF-8"),
    "line-too-long": ("行过长", "the line is too long"),
    "mixed-line-ends": ("换行符不一致", "line ends are mixed"),
    "empty": ("文件为空", "the file is empty"),
}
KINDS = {
    "resident-id": ("居民身份证号", "resident ID numbers"),
    "mobile-phone": ("手机号", "mobile phone numbers"),
    "plate": ("车牌号", "licence plates"),
    "uscc": ("统一社会信用代码", "unified social credit codes"),
}
_SOURCE = "source-"
_LIMIT = "limit-"
_TRY_AGAIN = frozenset({"isolation-missing", "task-cancelled"})


def findings(entry: Entry, source: str, answer: Answer) -> list[Finding]:
    """Why the file of `entry` was not mounted; empty when it was.

    Raises Unavailable or Broken when the file is not to blame.
    """
    if answer.status == "ok":
        return []
    code = answer.code or "child-died"
    given = {"dataset": entry.name, "source": source}
    if code in _TRY_AGAIN:
        raise Unavailable(_finding("catalog-mount-unavailable", given | {"reason": code}))
    if code.startswith(_LIMIT):
        return [_finding("catalog-mount-limit", given | {"limit": code})]
    if not code.startswith(_SOURCE):
        raise Broken(_finding("catalog-mount-failed", given | {"reason": code}))
    found = [_of_problem(entry, source, p) for p in answer.problems]
    if not found:
        return [_finding("catalog-file-unreadable", given | {"format": entry.format})]
    more = answer.problems_total - len(found)
    return found + ([_finding("catalog-more-problems", given | {"more": str(more)})] if more > 0 else [])


def _of_problem(entry: Entry, source: str, problem: Problem) -> Finding:
    what, _, kind = problem.what.partition(":")
    detail_zh, detail_en = DETAILS.get(what, (what, what))
    kind_zh, kind_en = KINDS.get(kind, (kind, kind))
    params = {
        "dataset": entry.name,
        "source": source,
        "format": entry.format,
        "line": str(problem.line),
        "expected": problem.expected,
        "detail": detail_en,
        "detail_zh": detail_zh,
        "kind_zh": kind_zh,
        "kind_en": kind_en,
    }
    place = Position(line=problem.line, column=_ordinal(entry, problem.column)) if problem.line else None
    return _finding(CODE_OF.get(what, "catalog-broken-row"), params, field=problem.column, position=place)


def _ordinal(entry: Entry, column: str) -> int:
    """The number of the column in the order of the catalog, from 1; 1 when it is not declared."""
    names = [f.name for f in entry.fields]
    return names.index(column) + 1 if column in names else 1


def _finding(
    code: str, params: dict[str, str], *, field: str | None = None, position: Position | None = None
) -> Finding:
    rest = tuple((k, v) for k, v in params.items() if k != "dataset")
    return Finding(code=code, params=rest, dataset=params["dataset"], field=field, position=position)
