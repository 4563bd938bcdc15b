"""The small world once more, with sales that belong to persons, and among them values at the ends of their types."""

from __future__ import annotations

from dataclasses import replace

from app.domain.values import Bilingual, Field, Level, Unit
from tests.sql.pipeline import Pipeline, open_datasets, small_world

EXTREMES = """
INSERT INTO sale SELECT 1000 + i, CASE i % 3 WHEN 0 THEN 2147483647 WHEN 1 THEN -2147483648 ELSE 3 END, 'Ab',
  DATE '9999-12-31', TIMESTAMP '9999-12-31', CASE i % 2 WHEN 0 THEN 2147483647 ELSE -2147483648 END,
  CASE i % 2 WHEN 0 THEN 99999999.99 ELSE -99999999.99 END, 1e308, true, '杭州' FROM range(6) t(i)
"""


def protected_pipeline() -> Pipeline:
    """The way of queries over sales of 120 persons and open shops."""
    connection = small_world()
    connection.execute(EXTREMES)
    connection.execute("ALTER TABLE sale ADD COLUMN who INTEGER")
    connection.execute('ALTER TABLE sale ADD COLUMN "__tag_who" UBIGINT')
    connection.execute('UPDATE sale SET who = id % 120, "__tag_who" = hash(id % 120)')
    sale, *others = sorted(open_datasets(connection), key=lambda d: d.name != "sale")
    fields = [replace(f, level=Level.L2) for f in sale.fields if f.name not in ("who", "__tag_who")]
    label = Bilingual(zh="who", en="who")
    fields.append(Field(name="who", type="UINTEGER", level=Level.L3, label=label, identifier="person"))
    unit = Unit(type="person", column="who", tag="__tag_who")
    return Pipeline(connection, (replace(sale, fields=tuple(fields), units=(unit,)), *others))
