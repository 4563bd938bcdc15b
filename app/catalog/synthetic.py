"""What do synthetic rows of a described data set look like? Its declarations in the terms of the sandbox's door."""

from __future__ import annotations

from app.catalog.mounting import REFERENCE_TYPE
from app.catalog.values import Entry
from app.domain.values import Field
from sandbox.protocol import SyntheticColumn, SyntheticTable

ROWS_PER_SUBJECT = 4
FEWEST_SUBJECTS = 20
_END_OF_DAY = " 23:59:59"


def synthetic_table(entry: Entry, rows: int, read: frozenset[str]) -> SyntheticTable:
    """The table of an entry: `rows` rows, or as many as the entry says it has where these are fewer.

    Of its columns those called as in `read` (lower case), or one where none is. Every identifier has references of the
    same subjects in every table that is made for the same `rows`.
    """
    subjects = max(FEWEST_SUBJECTS, rows // ROWS_PER_SUBJECT)
    fields = [field for field in entry.fields if field.name.lower() in read] or entry.fields[:1]
    return SyntheticTable(
        name=entry.name,
        columns=tuple(_column(entry, field, subjects) for field in fields),
        rows=rows if entry.rows is None else min(rows, entry.rows),
    )


def _column(entry: Entry, field: Field, subjects: int) -> SyntheticColumn:
    if field.identifier is not None:
        return SyntheticColumn(name=field.name, type=REFERENCE_TYPE, subjects=subjects, missing=field.missing)
    low, high = _range(entry, field)
    return SyntheticColumn(
        name=field.name, type=field.type, values=field.values, minimum=low, maximum=high, missing=field.missing
    )


def _range(entry: Entry, field: Field) -> tuple[str | None, str | None]:
    """The declared range; of days and moments without one, the time that the data set is about."""
    known = field.values or field.minimum is not None or field.maximum is not None
    timed = field.type == "DATE" or field.type.startswith("TIMESTAMP")
    if known or not timed or entry.time_range is None:
        return field.minimum, field.maximum
    first, last = (day.isoformat() for day in entry.time_range)
    return first, last if field.type == "DATE" else last + _END_OF_DAY
