"""What would this analysis give, on rows that nobody has to protect? Any text at once, on synthetic rows.

The rows come from the catalog's declarations; no authorization is needed, as no real row is reached. The answer says
as well what would happen for real to an operator who holds every use that no standing rule forbids. A masked field has
the type that its mask leaves; rules about rows, which would choose among real ones, are left out.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.catalog.mounting import described, mount_enterprise
from app.catalog.synthetic import synthetic_table
from app.catalog.values import Entry
from app.domain.errors import Finding, Refusal
from app.domain.parameters import Values
from app.domain.ports import Clock
from app.domain.values import Dataset, Decision, Field, Level
from app.engine import Engine
from app.policy.conditions import Context
from app.policy.decision import COUNT_ROWS, TRIAL
from app.policy.grants import collect
from app.policy.rules import ANY
from app.policy.snapshot import snapshot
from app.policy.views import Viewer, restrict
from app.query.analysis import Understood, understand
from app.query.plain import columns_read, plain_sql
from app.workflow import Question, permit, sandbox_error
from sandbox.protocol import RehearseTask, SyntheticColumn, SyntheticTable, View

OPERATOR = "operator"
ROWS = 1000
SEED = 1
NOTICE = (
    "合成行：只由目录的声明生成，不含任何真实数据；数字没有意义。",
    "Synthetic rows: made from the catalog's declarations alone, no real data; the figures mean nothing.",
)
"""What everybody who shows a rehearsal says with it, in Chinese and English."""


@dataclass(frozen=True, kw_only=True)
class Rehearsal:
    """A text to try out: over which described data sets, with which tables of the operator's own, on how many rows.

    `values` are those of the parameters of a template, None where `sql` is none.
    """

    sql: str
    entries: tuple[Entry, ...]
    enterprise: tuple[tuple[str, Path], ...] = ()
    rows: int = ROWS
    seed: int = SEED
    page_rows: int = 200
    values: Values | None = None


@dataclass(frozen=True, kw_only=True)
class Rehearsed:
    """The first rows of the result, as texts, and what would happen for real: the decision with its findings.

    `total` is the number of all rows; `tables` are those that were read, with their synthetic rows, None for the
    operator's own.
    """

    columns: tuple[tuple[str, str], ...]
    page: tuple[tuple[str | None, ...], ...]
    total: int
    tables: tuple[tuple[str, int | None], ...]
    decision: Decision
    level: Level
    findings: tuple[Finding, ...]
    timings: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        """The rehearsal as plain data."""
        zh, en = NOTICE
        return {
            "synthetic": True,
            "notice": en,
            "notice_zh": zh,
            "columns": [{"name": n, "type": t} for n, t in self.columns],
            "rows": [list(row) for row in self.page],
            "total": self.total,
            "tables": [{"name": n, "synthetic_rows": r} for n, r in self.tables],
            "for_real": {
                "decision": self.decision.value,
                "level": self.level.value,
                "findings": [f.to_json() for f in self.findings],
            },
            "timings": {name: round(seconds, 4) for name, seconds in self.timings.items()},
        }


def rehearse(engine: Engine, rehearsal: Rehearsal, clock: Clock) -> Rehearsed:
    """Understand the text, run what is generated from it on synthetic rows, and say what would happen for real.

    Raises Invalid or Refusal, with their places, for a text that cannot be parsed, resolved or called with its
    functions; Invalid for a table of the operator's own that cannot be mounted, or when a limit is passed.
    """
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="sluice-rehearse-") as folder:
        home = Path(folder).resolve()
        own = _own_tables(engine, rehearsal, home)
        context = Context(now=clock())
        viewer = Viewer(authorization=TRIAL, rows=False)
        datasets = restrict(engine.standing, (*_described(rehearsal, own), *own), viewer, context)
        understood = understand(rehearsal.sql, datasets, engine.functions, rehearsal.values)
        decided = _for_real(engine, understood, context)
        prepared = time.monotonic() - begun
        task = _task(engine, rehearsal, understood, own)
        answer = engine.launcher.run(task, home / "run", require_isolation=engine.require_isolation)
    if answer.status != "ok":
        raise sandbox_error(answer)
    return Rehearsed(
        columns=answer.columns,
        page=answer.page,
        total=answer.page_of,
        tables=(*((t.name, t.rows) for t in task.tables), *((v.name, None) for v in task.views)),
        decision=decided[0],
        level=understood.level,
        findings=decided[1],
        timings={"prepare": prepared, "sandbox": answer.usage.wall_seconds, **answer.usage.stages},
    )


def _own_tables(engine: Engine, rehearsal: Rehearsal, home: Path) -> tuple[Dataset, ...]:
    """The tables that the operator brings, mounted into a vault of this rehearsal alone."""
    declared = {e.name.casefold(): e for e in rehearsal.entries}
    vault, scratch = home / "vault", home / "scratch"
    return tuple(
        mount_enterprise(
            name, file, declared.get(name.casefold()), vault, scratch, engine.mount, operator=OPERATOR
        ).dataset
        for name, file in rehearsal.enterprise
    )


def _described(rehearsal: Rehearsal, own: tuple[Dataset, ...]) -> tuple[Dataset, ...]:
    """Every described data set but those that the operator brings; its own ones are made up too when it has none."""
    brought = {d.name.casefold() for d in own}
    return tuple(described(e) for e in rehearsal.entries if e.name.casefold() not in brought)


def _task(engine: Engine, rehearsal: Rehearsal, understood: Understood, own: tuple[Dataset, ...]) -> RehearseTask:
    """The task over those data sets that the query reads."""
    entries = {e.name: e for e in rehearsal.entries}
    tables: list[SyntheticTable] = []
    views: list[View] = []
    for dataset in understood.datasets:
        if dataset in own:
            columns = tuple(f.name for f in dataset.fields)
            views.append(View(name=dataset.name, path=dataset.path, columns=columns))
        else:
            table = synthetic_table(entries[dataset.name], rehearsal.rows, columns_read(understood))
            tables.append(replace(table, columns=tuple(_as_seen(c, dataset.field(c.name)) for c in table.columns)))
    return RehearseTask(
        tables=tuple(tables),
        views=tuple(views),
        sql=plain_sql(understood),
        functions=engine.callable_functions(),
        seed=rehearsal.seed,
        page_rows=rehearsal.page_rows,
        limits=engine.limits["rehearse"],
    )


def _as_seen(column: SyntheticColumn, field: Field | None) -> SyntheticColumn:
    """A synthetic column of the type, and with no more of the declared values, than a mask leaves."""
    mask = field.mask if field else None
    if field is None or mask is None:
        return column
    if mask.kind == "null":
        return replace(column, missing=1.0)
    if mask.kind == "prefix":
        length = int(mask.argument)
        return replace(column, values=tuple(dict.fromkeys(value[:length] for value in column.values)))
    if mask.kind == "pseudonym":
        return SyntheticColumn(name=column.name, type=field.type, missing=column.missing)
    return column


def _for_real(engine: Engine, understood: Understood, context: Context) -> tuple[Decision, tuple[Finding, ...]]:
    """What policy and governance would say to whoever holds every use that is asked for here."""
    asked = [(u.dataset, u.field, u.use) for u in understood.uses]
    asked += [(d.name, ANY, COUNT_ROWS) for d in understood.datasets]
    question = Question(
        sql=understood.resolved.sql,
        datasets=understood.datasets,
        policy=snapshot(engine.standing, {TRIAL: collect(asked)}, understood.datasets),
        authorization=TRIAL,
        context=context,
    )
    try:
        reasons = permit(engine, question, understood).analysis.reasons
    except Refusal as refusal:
        return Decision.REFUSED, refusal.findings
    return (Decision.REVIEW if reasons else Decision.CHECKED), reasons
