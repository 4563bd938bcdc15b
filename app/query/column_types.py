"""Of which type is a value, and are two compared without a cast that makes different values equal?

'01' and '1' are different texts, but where a text is compared with a number both are 1: such an equality ties no key.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sqlglot import exp

from app.query.equality import ColumnKey, key_of
from app.query.parse import DIALECT

_WHOLE = frozenset("TINYINT SMALLINT INT BIGINT UTINYINT USMALLINT UINTEGER UBIGINT".split())
_TIMES = frozenset({"DATE", "TIMESTAMP"})
_TEXT = "TEXT"
_TEXTS = (exp.Substring, exp.Upper, exp.Lower, exp.Trim, exp.Concat, exp.DPipe, exp.Left, exp.Right)
_NUMBERS = (exp.Extract, exp.Year, exp.Month, exp.Day)
_WHOLE_OF_WHOLE = (exp.Add, exp.Sub, exp.Mul, exp.Mod, exp.IntDiv)
_TRUNCATED = (exp.TimestampTrunc, exp.DateTrunc)


@cache
def named(text: str) -> str:
    """The type that `text` says, by one name."""
    return exp.DataType.build(text, dialect=DIALECT).sql(DIALECT)


def compared_as_they_are(column: exp.Column, other: exp.Expr, types: Mapping[ColumnKey, str]) -> bool:
    """Whether `column` and `other` are compared without a cast that could lose something; no if a type is not known."""
    one, two = types.get(key_of(column)), type_of(other, types)
    if one is None or two is None:
        return False
    read = isinstance(other, exp.Literal) and other.is_string and one in _TIMES
    return one == two or read or any({one, two} <= alike for alike in (_WHOLE, _TIMES))


def type_of(node: exp.Expr, types: Mapping[ColumnKey, str]) -> str | None:
    """The type of a value, by the `types` of its columns; None when it is not known."""
    node = node.unnest()
    if isinstance(node, exp.Column):
        return types.get(key_of(node))
    if isinstance(node, exp.Cast | exp.TryCast):
        return node.to.sql(DIALECT)
    if isinstance(node, exp.Literal):
        return _TEXT if node.is_string else named("INTEGER") if node.name.isdigit() else None
    if isinstance(node, (exp.Neg, *_TRUNCATED)):
        held = type_of(node.this, types)
        return held if held in (_WHOLE if isinstance(node, exp.Neg) else _TIMES) else None
    if isinstance(node, _WHOLE_OF_WHOLE):
        return named("BIGINT") if {type_of(node.this, types), type_of(node.expression, types)} <= _WHOLE else None
    known = ((_TEXTS, _TEXT), (_NUMBERS, named("BIGINT")))
    return next((name for classes, name in known if isinstance(node, classes)), None)
