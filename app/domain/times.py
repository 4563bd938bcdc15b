"""How is a moment written? Aware datetimes in UTC, as fixed-width ISO 8601 text, so that text order is time order."""

from __future__ import annotations

import calendar
from datetime import UTC, datetime


def stamp(moment: datetime) -> str:
    """`moment` as text, e.g. "2026-11-23T09:43:14.123456Z".

    Raises ValueError for a naive datetime.
    """
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    """The moment that `stamp` wrote.

    Raises ValueError when `text` has another shape.
    """
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def months_later(start: datetime, months: int) -> datetime:
    """The same day and time `months` later, or the last day of a month that is too short."""
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    day = min(start.day, calendar.monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day)
