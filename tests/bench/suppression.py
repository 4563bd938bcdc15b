"""What does it take to hide suppressed cells behind their totals? Audit, repair and audit again of tables with margins.

Skewed counts, of which about a tenth is primary; sole contributors are thought of. The same tables in every run.
"""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from time import monotonic, perf_counter

import numpy as np

from app.disclosure.suppression.audit import audit, intervals
from app.disclosure.suppression.graph import determined
from app.disclosure.suppression.repair import repair
from app.disclosure.suppression.table import Table
from tests.disclosure.suppression_tables import count_table, random_counts

SHAPES: tuple[tuple[tuple[int, ...], float], ...] = (((10, 10), 0.1), ((50, 50), 0.08), ((34, 12, 10), 0.08))
K, SEED = 10, 11
_LIMIT = 600.0
_HEAD = (
    "table",
    "primary",
    "open",
    "exact",
    "repair",
    "LPs",
    "secondary",
    "lost",
    "open after",
    "re-audit",
    "intervals",
)
_ROW = "{:<10} {:>8} {:>6} {:>6} {:>9} {:>5} {:>10} {:>7} {:>11} {:>9} {:>10}"


def suppression(scale: float, rounds: int) -> bool:
    """Print a line per table; False when an audit after repair finds anything.

    "open" and "exact" are the primary cells without protection, and the suppressed ones that follow exactly, before.
    """
    print(_ROW.format(*_HEAD))
    good = [_measured(shape, small, rounds) for shape, small in SHAPES]
    return all(good)


def _measured(shape: tuple[int, ...], small: float, rounds: int) -> bool:
    table = count_table(random_counts(shape, SEED, small), k=K, singles=True, slack=float(len(shape) > 2))
    before = len({o.need.cell for o in audit(table, until=_until())})
    exact = determined(table)
    found = repair(table, until=_until())
    times = [_seconds(lambda: repair(table, until=_until())) for _ in range(rounds if len(shape) < 3 else 1)]
    after = len(audit(found.table, until=_until()))
    again = _seconds(lambda: audit(found.table, until=_until()))
    widths = _seconds(lambda: intervals(found.table, until=_until()))
    print(
        _ROW.format(
            "x".join(map(str, shape)),
            len(table.primary),
            before,
            "-" if exact is None else len(exact),
            f"{median(times):.2f} s",
            found.solved,
            len(found.secondary),
            f"{_lost(shape, found.table, table):.2%}",
            after,
            f"{again:.2f} s",
            f"{widths:.2f} s",
        ),
        flush=True,
    )
    return after == 0


def _lost(shape: tuple[int, ...], repaired: Table, table: Table) -> float:
    """The share of the inner cells' value that secondary suppression costs."""
    inside = np.zeros([size + 1 for size in shape], dtype=np.bool_)
    inside[tuple(slice(0, size) for size in shape)] = True
    gone = (repaired.status != table.status) & inside.ravel()
    return float(table.value[gone].sum() / table.value[inside.ravel()].sum())


def _until() -> float:
    return monotonic() + _LIMIT


def _seconds(work: Callable[[], object]) -> float:
    begun = perf_counter()
    work()
    return perf_counter() - begun
