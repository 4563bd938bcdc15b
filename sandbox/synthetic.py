"""Which value stands in which row of a synthetic table? SQL from declarations alone; no value of any data is in it.

Row i has one number that is the same in every table and one of the table's own, both from MD5; each column makes its
draws of it by a factor and an offset from SHA-256 over the seed, its name and its declaration. So columns of one name
and one declaration agree row by row over tables, and joins find partners; in every fourth row the table's own number
takes the place of the common one, so that some rows find others, and some none. Whole numbers and exact doubles are
all that is used: the same seed gives the same rows on every machine.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import TypeVar

from sandbox.column_types import column_type
from sandbox.engine import name, text
from sandbox.protocol import SyntheticColumn, SyntheticTable

Number = TypeVar("Number", int, float)
Day = TypeVar("Day", date, datetime)
Bound = TypeVar("Bound")
_PRIME = 2**31 - 1
_COMMON, _OWN = "h", "g"
_OWN_EVERY = 4
_FEWEST_TEXTS = 40
_FEW = 32
_STEPS = 1000
_SPAN = 100
_MOST_DAYS = 24
_FIRST, _LAST = date(2025, 1, 1), date(2025, 12, 31)
_END_OF_DAY = time(23, 59, 59)
_YEAR = timedelta(days=365)
_BITS = {"TINYINT": 8, "SMALLINT": 16, "INTEGER": 32, "BIGINT": 64}
_WHOLE = {kind: (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for kind, bits in _BITS.items()}
_WHOLE |= {f"U{kind}": (0, 2**bits - 1) for kind, bits in _BITS.items()}
_MOMENTS = ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE")


@dataclass(frozen=True, kw_only=True)
class _Domain:
    """From where one column draws its values: its declaration, its type, the seed, and how many placeholders it has."""

    column: SyntheticColumn
    type: str
    seed: int
    texts: int

    def draw(self, purpose: str, number: str = _COMMON) -> str:
        """SQL of a number from 0 below the prime, another one for each purpose."""
        factor, offset, _ = self._numbers(purpose)
        return f"(({number} * {factor} + {offset}) % {_PRIME})"

    def any_of(self, count: int, purpose: str = "value") -> str:
        """SQL of a number from 0 below `count`."""
        wide = "::HUGEINT" if count > _PRIME else ""
        return f"({self.draw(purpose)}{wide} * {count} // {_PRIME})"

    def each_of(self, count: int) -> str:
        """SQL of a number from 0 below `count`, of which the first rows have every one once."""
        _, offset, step = self._numbers("value")
        while math.gcd(step, count) > 1:
            step += 1
        first = f"((i * {step % count} + {offset % count}) % {count})"
        return f"CASE WHEN i < {count} THEN {first} ELSE {self.any_of(count)} END"

    def _numbers(self, purpose: str) -> tuple[int, int, int]:
        """A factor, an offset and a step: a matter of the seed, the column's name and its declaration."""
        column = self.column
        declared = (column.values, column.minimum, column.maximum, column.subjects)
        key = json.dumps([self.seed, column.name.lower(), declared, purpose])
        digest = hashlib.sha256(key.encode("ascii")).digest()
        factor, offset, step = (int.from_bytes(digest[at : at + 8], "big") % _PRIME for at in (0, 8, 16))
        return factor or 1, offset, step or 1


def table_sql(table: SyntheticTable, *, seed: int, most_rows: int) -> str:
    """The SELECT of the rows of `table`; `most_rows` is the largest number of rows of a table of the task.

    Raises ValueError or ArithmeticError for a bound that is not of its column's type, and for an empty range.
    """
    texts = max(_FEWEST_TEXTS, most_rows // 10)
    domains = [_Domain(column=c, type=column_type(c.type) or c.type, seed=seed, texts=texts) for c in table.columns]
    columns = ", ".join(f"{_cell(domain)} AS {name(domain.column.name)}" for domain in domains)
    own, common = (
        f"CAST(md5_number_lower(concat({text(start)}, i)) % {_PRIME} AS BIGINT)"
        for start in (f"{seed}/{table.name.lower()}/", f"{seed}/")
    )
    numbers = f"SELECT i, {own} AS {_OWN}, {common} AS shared FROM range({table.rows}) AS r(i)"
    which = f"CASE WHEN i % {_OWN_EVERY} = {_OWN_EVERY - 1} THEN {_OWN} ELSE shared END AS {_COMMON}"
    return f"SELECT {columns} FROM (SELECT i, {_OWN}, {which} FROM ({numbers})) ORDER BY i"


def _cell(domain: _Domain) -> str:
    """SQL of the column's value in a row, or NULL in as many rows as are said to be missing."""
    value = f"CAST({_value(domain)} AS {domain.type})"
    missing = int(domain.column.missing * _PRIME)
    return f"CASE WHEN {domain.draw('missing', _OWN)} < {missing} THEN NULL ELSE {value} END" if missing else value


def _value(domain: _Domain) -> str:
    if domain.column.subjects is not None:
        return _subject(domain, domain.column.subjects)
    if domain.column.values:
        return _one_of(domain, domain.column.values, domain.type)
    if domain.type.startswith("DECIMAL"):
        return _decimal(domain)
    return _BY_TYPE.get(domain.type, _whole)(domain)


def _subject(domain: _Domain, subjects: int) -> str:
    """A reference: low ones have more rows than high ones, the very first one in about the root of all subjects."""
    share = f"({domain.draw('value')} / {float(_PRIME)!r})"
    return f"1 + least({subjects - 1}, CAST(floor({share} * {share} * {subjects}) AS BIGINT))"


def _one_of(domain: _Domain, values: tuple[str, ...], kind: str) -> str:
    listed = ", ".join(map(text, values))
    return f"list_extract(CAST([{listed}] AS {kind}[]), CAST(1 + {domain.each_of(len(values))} AS BIGINT))"


def _boolean(domain: _Domain) -> str:
    return _one_of(domain, ("true", "false"), "BOOLEAN")


def _placeholder(domain: _Domain) -> str:
    """Text that nobody takes for a value: the column's name and a number, in brackets."""
    number = f"lpad(CAST(1 + {domain.each_of(domain.texts)} AS VARCHAR), {len(str(domain.texts))}, '0')"
    return f"concat({text(f'〈{domain.column.name} ')}, {number}, '〉')"


def _uuid(domain: _Domain) -> str:
    return f"md5(concat({text(f'{domain.column.name.lower()}/')}, {domain.each_of(domain.texts)}))"


def _whole(domain: _Domain) -> str:
    """A whole number; of a short range, every number is there."""
    least, most = _WHOLE[domain.type]
    low, high = _numbers(domain, int, least, most, _SPAN)
    count = high - low + 1
    return f"{low}::HUGEINT + {domain.each_of(count) if count <= _FEW else domain.any_of(count)}"


def _decimal(domain: _Domain) -> str:
    """An exact number on a grid of about a thousand steps, put together from its digits."""
    precision, scale = (int(n) for n in re.findall(r"\d+", domain.type))
    one, most = 10**scale, 10**precision - 1
    low, high = _numbers(domain, lambda bound: int(Fraction(bound) * one), -most, most, _SPAN * one)
    step = max(1, (high - low) // _STEPS)
    steps = (high - low) // step
    middle = steps // 2  # from the middle of the grid: its whole width can be more than 128 bits hold
    scaled = f"({low + step * middle}::HUGEINT + {step}::HUGEINT * ({domain.any_of(steps + 1)} - {middle}))"
    digits = f"lpad(CAST(abs({scaled}) % {one} AS VARCHAR), {scale}, '0')" if scale else "''"
    return f"concat(CASE WHEN {scaled} < 0 THEN '-' END, abs({scaled}) // {one}, '.', {digits})"


def _real(domain: _Domain) -> str:
    """A number on a grid of a thousand steps, rounded to what the grid needs."""
    low, high = _numbers(domain, float, -math.inf, math.inf, _SPAN)
    width = high - low
    if not math.isfinite(width):
        raise ValueError("a range has no end")
    digits = min(15, max(0, 4 - math.floor(math.log10(width)))) if width else 15
    value = f"round({low!r}::DOUBLE + {width!r}::DOUBLE * {domain.any_of(_STEPS + 1)} / {_STEPS}.0, {digits})"
    return f"greatest({low!r}::DOUBLE, least({high!r}::DOUBLE, {value}))"


def _day(domain: _Domain) -> str:
    return _one_of(domain, _days(*_dates(domain, date.fromisoformat, _FIRST, _LAST)), "DATE")


def _moment(domain: _Domain) -> str:
    """A time of day on a day, between the bounds."""
    first, last = datetime.combine(_FIRST, time()), datetime.combine(_LAST, _END_OF_DAY)
    low, high = _dates(domain, _utc, first, last)
    day = _one_of(domain, _days(low.date(), high.date()), "TIMESTAMP")
    return f"greatest(TIMESTAMP '{low}', least(TIMESTAMP '{high}', {day} + {_time_of_day(domain)}))"


def _clock(domain: _Domain) -> str:
    ends = _ends(domain.column, time.fromisoformat)
    low, high = ends[0] or time(), ends[1] or _END_OF_DAY
    if low > high:
        raise ValueError("a range is empty")
    return f"greatest(TIME '{low}', least(TIME '{high}', TIME '00:00:00' + {_time_of_day(domain)}))"


def _time_of_day(domain: _Domain) -> str:
    """SQL of the time since midnight; in every other row it is a whole hour, as times of hourly data are."""
    rest = f"CASE WHEN {domain.draw('whole')} % 2 = 0 THEN 0 ELSE {domain.any_of(3600, 'second')} END"
    return f"to_seconds(3600 * {domain.any_of(24, 'hour')} + {rest})"


def _days(low: date, high: date) -> tuple[str, ...]:
    """A few days from `low` to `high`: mostly the same ones for ranges that overlap and are about as long."""
    step = 1
    while (high - low).days // step >= _MOST_DAYS:
        step *= 2
    first, last = low.toordinal(), high.toordinal()
    days = sorted({first, *range(first + -first % step, last + 1, step), last})
    return tuple(date.fromordinal(day).isoformat() for day in days)


def _utc(bound: str) -> datetime:
    """A moment in UTC, without its zone; of a text without one it is UTC."""
    moment = datetime.fromisoformat(bound)
    return (moment - (moment.utcoffset() or timedelta())).replace(tzinfo=None)


def _numbers(
    domain: _Domain, read: Callable[[str], Number], least: Number, most: Number, span: int
) -> tuple[Number, Number]:
    """The declared range within `least` and `most`; an end that is not declared lies `span` from the other, or at 0."""
    low, high = _ends(domain.column, read)
    if low is None:
        low = max(least, high - span if high is not None and high < 0 else 0)
    if high is None:
        high = min(most, low + span)
    if not least <= low <= high <= most:
        raise ValueError("a range is empty")
    return low, high


def _dates(domain: _Domain, read: Callable[[str], Day], first: Day, last: Day) -> tuple[Day, Day]:
    """The declared range; `first` and `last` where nothing is declared, a year where one end is."""
    low, high = _ends(domain.column, read)
    if low is None:
        low = first if high is None else high - _YEAR
        high = last if high is None else high
    high = low + _YEAR if high is None else high
    if low > high:
        raise ValueError("a range is empty")
    return low, high


def _ends(column: SyntheticColumn, read: Callable[[str], Bound]) -> tuple[Bound | None, Bound | None]:
    low, high = (None if bound is None else read(bound) for bound in (column.minimum, column.maximum))
    return low, high


_BY_TYPE: dict[str, Callable[[_Domain], str]] = {
    "BOOLEAN": _boolean,
    "FLOAT": _real,
    "DOUBLE": _real,
    "VARCHAR": _placeholder,
    "UUID": _uuid,
    "DATE": _day,
    "TIME": _clock,
    **dict.fromkeys(_MOMENTS, _moment),
}
"""Type → how a value of it is made; whole numbers of every width are made in one way, decimals by their digits."""
