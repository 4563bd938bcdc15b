"""How much may still be told with noise? What each authorization has spent of each data set, kept for good.

Prices add up (basic composition, Dwork & Roth 2014, theorem 3.16). A run pays before it starts, in a transaction of its
own that is never undone: a run that fails, is cancelled or dies has been paid for, and its second attempt pays again.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from sqlalchemy import Connection, insert, select, text

from app.domain.errors import Finding, Refusal
from app.domain.people import Actor
from app.domain.privacy import PrivateRun
from app.store.sessions import Store
from app.store.tables import privacy_spending


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What an authorization has spent of a data set in how many runs; sums of epsilon and delta."""

    dataset: str
    runs: int
    epsilon: Decimal
    delta: Decimal


def spend(store: Store, machine: Actor, run: PrivateRun, budget: Decimal, *, authorization: str, job: str) -> None:
    """Pay for a run from the budget of `authorization` for each data set that it reads.

    Raises Refusal("dp-budget-exhausted") with a finding per data set of which less is left; then nothing is paid.
    """
    details = {"authorization": authorization, "datasets": list(run.datasets), "epsilon": str(run.epsilon)}
    with store.change("privacy:spent", actor=machine, subject=job, details=details) as change:
        if change.connection.dialect.name == "postgresql":
            change.execute(text("LOCK TABLE privacy_spending IN EXCLUSIVE MODE"))
        known = {s.dataset: s.epsilon for s in spent(change.connection, authorization)}
        left = {name: budget - known.get(name, Decimal(0)) for name in run.datasets}
        short = [_exhausted(name, found, run, budget) for name, found in left.items() if run.epsilon > found]
        if short:
            raise Refusal(*short)
        for name in run.datasets:
            change.execute(
                insert(privacy_spending).values(
                    authorization_id=authorization,
                    dataset=name,
                    job_id=job,
                    epsilon=str(run.epsilon),
                    delta=str(run.delta),
                    created_at=change.at,
                )
            )


def spent(connection: Connection, authorization: str) -> tuple[Spent, ...]:
    """What `authorization` has spent, data set by data set, in the order of their names."""
    table = privacy_spending.c
    query = select(table.dataset, table.epsilon, table.delta).where(table.authorization_id == authorization)
    found: dict[str, Spent] = {}
    for row in connection.execute(query.order_by(table.dataset)):
        before = found.get(row.dataset, Spent(dataset=row.dataset, runs=0, epsilon=Decimal(0), delta=Decimal(0)))
        found[row.dataset] = Spent(
            dataset=row.dataset,
            runs=before.runs + 1,
            epsilon=before.epsilon + Decimal(row.epsilon),
            delta=before.delta + Decimal(row.delta),
        )
    return tuple(found.values())


def _exhausted(dataset: str, left: Decimal, run: PrivateRun, budget: Decimal) -> Finding:
    params = (("left", str(left)), ("price", str(run.epsilon)), ("budget", str(budget)))
    return Finding(code="dp-budget-exhausted", params=params, dataset=dataset)
