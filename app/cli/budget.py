"""`sluice budget`: how much of a data set may an authorization still be told with noise?"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import click

from app.cli.terminal import acting, answer_rows, who, with_json

if TYPE_CHECKING:
    from app.disclosure.budget import Spent

COLUMNS = ("dataset", "runs", "epsilon_granted", "epsilon_spent", "epsilon_left", "delta_spent")


@click.group("budget")
def budget_command() -> None:
    """The privacy budget 隐私预算 of authorizations: what runs with noise have cost, and what is left.

    \b
    Examples:
      sluice budget show --authorization authorization-1f… --as analyst-wang
    """


@budget_command.command("show")
@click.option("--authorization", required=True, metavar="ID", help="The authorization.")
@acting
@with_json
def show_budget(*, authorization: str, person: str | None, as_json: bool) -> None:
    """What an authorization has spent of each data set, and what is left. Spending is never undone.

    \b
    Examples:
      sluice budget show --authorization authorization-1f… --as analyst-wang
      sluice budget show --authorization authorization-1f… --as regulator --json
    """
    from app.authorization.grants import load
    from app.bootstrap import services
    from app.disclosure.budget import spent
    from app.disclosure.repairs import load_repairs
    from app.domain.errors import Refusal

    running = services()
    actor = running.actor(who(person))
    privacy = load_repairs(running.config.policies)["dp"].privacy
    with running.store.reading() as connection:
        held = load(connection, authorization)
        if actor.side == "use" and actor.organization != held.operator:
            raise Refusal("job-foreign-authorization", authorization=authorization)
        known = {s.dataset: s for s in spent(connection, authorization)}
    granted = privacy.budget if privacy is not None else Decimal(0)
    names = sorted({dataset for dataset, _, _ in held.uses} | set(known))
    rows = [_row(name, known.get(name), granted) for name in names]
    answer_rows(rows, COLUMNS, as_json=as_json, empty="The authorization covers no data set. 该授权不含数据集。")


def _row(dataset: str, found: Spent | None, granted: Decimal) -> dict[str, object]:
    epsilon = found.epsilon if found else Decimal(0)
    return {
        "dataset": dataset,
        "runs": found.runs if found else 0,
        "epsilon_granted": str(granted),
        "epsilon_spent": str(epsilon),
        "epsilon_left": str(granted - epsilon),
        "delta_spent": str(found.delta if found else Decimal(0)),
    }
