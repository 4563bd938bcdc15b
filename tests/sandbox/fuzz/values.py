"""Which values are hard? For each type the smallest, the largest, the empty, the malformed and the strange, as SQL."""

from __future__ import annotations

import random

_WORDS = (
    " |a|0|-1|1e308|NaN|true|null|year|month|dow|epoch|%Y-%m-%d|%|_|\\|[a-z]+|(|(a|b)*c|^$|$.a|$[0]|/a/0|[[[[]]]]|{|"
    '[1, 2|"x"|2024-02-29|24:00:00|2024-02-30|infinity|Asia/Shanghai|NFC|de|x,y,z|x--y|1 year|s|sum|gr.1|\t\n'
).split("|")
_STRANGE = ("é", "e\u0301", "数闸", "İ", "ß", "ﬁ", "👩\u200d👩\u200d👧", "\u202e", "\ufeff", "\u200b", "\u00a0")
TEXTS = (*_WORDS, *_STRANGE, "", '{"a": [1, null, {"b": "c"}]}', "a" * 300, "数" * 100)
_INTEGERS = ("0", "1", "-1", "2", "7")
_RANGES = {
    "TINYINT": (-(2**7), 2**7 - 1),
    "SMALLINT": (-(2**15), 2**15 - 1),
    "INTEGER": (-(2**31), 2**31 - 1),
    "BIGINT": (-(2**63), 2**63 - 1),
    "HUGEINT": (-(2**127), 2**127 - 1),
    "UTINYINT": (0, 2**8 - 1),
    "USMALLINT": (0, 2**16 - 1),
    "UINTEGER": (0, 2**32 - 1),
    "UBIGINT": (0, 2**64 - 1),
    "UHUGEINT": (0, 2**128 - 1),
}
_OTHER: dict[str, tuple[str, ...]] = {
    "BOOLEAN": ("true", "false"),
    "FLOAT": ("0", "-0.0", "1.5", "3.4e38", "-1e-45", "nan", "inf", "-inf"),
    "DOUBLE": ("0", "-0.0", "0.1", "1.7976931348623157e308", "5e-324", "nan", "inf", "-inf", "1e15", "-2.5"),
    "DECIMAL(4,1)": ("0", "999.9", "-999.9", "0.1"),
    "DECIMAL(18,3)": ("0", "999999999999999.999", "-1.005", "0.001"),
    "DECIMAL(38,0)": ("9" * 38, "-" + "9" * 38, "1"),
    "DECIMAL(38,38)": ("0." + "9" * 38, "-0." + "9" * 38, "0"),
    "DATE": ("1970-01-01", "2024-02-29", "0001-01-01", "5877642-06-25 (BC)", "5881580-07-10", "infinity", "-infinity"),
    "TIME": ("00:00:00", "23:59:59.999999", "24:00:00"),
    "TIME WITH TIME ZONE": ("00:00:00+15:59:59", "23:59:59.999999-15:59:59"),
    "TIMESTAMP": ("1970-01-01", "2024-02-29 12:34:56.789", "290309-12-22 (BC) 00:00:00", "infinity"),
    "TIMESTAMP WITH TIME ZONE": ("1970-01-01 00:00:00+00", "2024-03-31 02:30:00+01", "-infinity"),
    "TIMESTAMP_S": ("1970-01-01 00:00:00", "infinity"),
    "TIMESTAMP_MS": ("1969-12-31 23:59:59.999",),
    "TIMESTAMP_NS": ("1677-09-22 00:00:00", "2262-04-11 23:47:16.854775806"),
    "INTERVAL": ("0 days", "1 month", "-1 year", "2147483647 months", "9223372036854775807 microseconds"),
    "UUID": ("00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"),
    "BIT": ("0", "1", "1" * 70),
    "BLOB": ("", "\\x00", "\\xFF\\x00a", "a" * 50),
    "JSON": ("null", "1", '"a"', "[]", "{}", '{"a": [1, {"b": null}]}', "[" * 50 + "]" * 50),
}
SCALARS = (*_RANGES, *_OTHER, "VARCHAR")


def quoted(text: str) -> str:
    """The text as a SQL string."""
    return "'" + text.replace("'", "''") + "'"


def literal(chance: random.Random, kind: str) -> str:
    """A value of a scalar type, now and then NULL."""
    if chance.random() < 0.08:
        return f"NULL::{kind}"
    if kind == "VARCHAR":
        return quoted(chance.choice(TEXTS))
    if kind in _RANGES:
        low, high = _RANGES[kind]
        near = (str(low), str(high), str(high - 1), *(n for n in _INTEGERS if int(n) >= low))
        return f"'{chance.choice(near)}'::{kind}"
    return f"{quoted(chance.choice(_OTHER[kind]))}::{kind}"
