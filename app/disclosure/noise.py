"""Where does the noise of differential privacy come from? Discrete Laplace of opendp, drawn here, added in the sandbox.

opendp samples exactly and from the system's cryptographic source. The noise of a run lies in one Parquet file, outside
of the folder of its result, from right before the run until right after it: whoever had both could take it off again.
A run that dies in between leaves noise of a result that never left.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from math import inf, nextafter
from pathlib import Path

import opendp.prelude as opendp
import pyarrow as pa
import pyarrow.parquet as pq

from app.domain.errors import Broken
from app.domain.privacy import NoiseColumn, PrivateRun
from app.domain.proofs import Plan
from sandbox.protocol import QueryTask, View

VIEW = "__noise"
"""The view that the steps of a private plan read; `app.query.private` calls it so too."""
_TYPE = "i64"


@contextmanager
def with_noise(plan: Plan) -> Iterator[QueryTask]:
    """The task of a plan as it is to run: with new noise if the plan is private, which is gone after the block."""
    if plan.private is None or not plan.private.frontiers:
        yield plan.task
        return
    with tempfile.TemporaryDirectory(prefix="sluice-noise-") as folder:
        file = Path(folder).resolve() / "noise.parquet"
        table = noise_table(plan.private)
        pq.write_table(table, file)
        view = View(name=VIEW, path=str(file), columns=tuple(table.column_names))
        yield replace(plan.task, views=(*plan.task.views, view))


def noise_table(run: PrivateRun) -> pa.Table:
    """Fresh noise: `cell` from 1 to the number of cells of the run, and n0, n1 … for its columns of noise."""
    drawn = {f"n{i}": pa.array(draw(column, run.cells), type=pa.int64()) for i, column in enumerate(run.columns)}
    return pa.table({"cell": pa.array(range(1, run.cells + 1), type=pa.int64()), **drawn})


def draw(column: NoiseColumn, numbers: int) -> list[int]:
    """So many independent numbers of the noise of a column, in steps of its grid.

    Raises Broken("dp-noise") when opendp itself does not find that they are worth the epsilon of the column.
    """
    mechanism = _laplace(column.scale)
    price: float = mechanism.map(column.sensitivity)  # type: ignore[no-untyped-call]
    if price > nextafter(float(column.epsilon), inf):
        raise Broken("dp-noise")
    drawn: list[int] = mechanism([0] * numbers)
    return drawn


@cache
def _laplace(scale: float) -> opendp.Measurement:
    """The discrete Laplace mechanism of opendp over vectors of whole numbers, under the L1 distance."""
    opendp.enable_features("contrib")
    space = opendp.vector_domain(opendp.atom_domain(T=_TYPE)), opendp.l1_distance(T=_TYPE)
    return opendp.m.make_laplace(*space, scale=scale)
