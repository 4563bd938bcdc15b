"""How does SQL become an output that may leave? The way of a job, one call per arrow; read this first.

    SQL ──understand──▶ uses ──decide──▶ Grant ──make_plan──▶ Plan ──run──▶ RunResult ──judge, compare──▶ CheckReport

What the firewall stops is taken out and the query runs again without it, so that a stopped cell influences nothing
above it (HAVING, ranks, totals, limits). So are rows beside which an unsafe cell would follow from its totals, and they
come first: the firewall then finds fewer totals near to their parts, and what it takes out is hidden behind totals in
the next round. Only an output that passes both as it stands goes on. People come after: `app.review`, then
`app.release`.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from app.combining import hold, written
from app.disclosure.check import merged, report
from app.disclosure.evidence import Stopped, judge
from app.disclosure.fingerprint import SEGMENT, read_segment
from app.disclosure.firewall import Comparison, Near, compare
from app.disclosure.history import History
from app.disclosure.noise import with_noise
from app.disclosure.private import judge_private
from app.disclosure.suppression.margins import Marks
from app.disclosure.suppression.suppress import SECONDS, Suppressed, reused, suppress, told
from app.disclosure.suppression.suppress import stopped as out_for_others
from app.domain.errors import Broken, Finding, Invalid, Refusal, SluiceError, Unavailable
from app.domain.footprint import Footprint, changed_parts
from app.domain.parameters import Values
from app.domain.proofs import Analysis, CheckReport, Grant, Plan, RunResult
from app.domain.refresh import refresh_findings
from app.domain.values import Dataset, Level
from app.engine import Engine
from app.policy.conditions import Context
from app.policy.decision import decide
from app.policy.snapshot import PolicySnapshot
from app.query.analysis import Understood, complete, outline, understand
from app.query.evidence import Stops
from app.query.footprint import footprint
from app.query.plan import make_plan, stands_alone
from app.query.recoding import MERGE, with_merged_lineage, with_merged_uses
from sandbox.protocol import Answer

ROUNDS = 8
"""How often the firewall and the margins may take cells out before the whole output is stopped."""

Progress = Callable[[str], None]
Steps = Callable[[int, int, float], None]
"""Told while the sandbox runs: the number of the running step from 1, how many there are, its share done (0 to 1)."""
Cancelled = Callable[[], bool]
Patterns = Callable[[Collection[str]], Mapping[str, frozenset[int]]]
"""Signatures of aggregations → the rows that every output of each left out; one of which nothing left is not there."""
Spend = Callable[[Plan], None]
"""Told of each plan with noise right before it runs: pays for it for good, or raises Refusal."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """Who asks what of which data: the SQL, the data sets in reach, and the policy in force for an authorization.

    `values` are those of the parameters of a template, None where the SQL is none; `approved` is what people approved
    that the template does. `repair` is what is to be done to the numbers, one of `REPAIRS`. `patterns` are the rows
    that earlier outputs left out for the sake of their margins. `versions` are those of frozen data sets with which
    the authorization began, by data set. Of what is not `kept` nothing is released or held against what comes later.
    """

    sql: str
    datasets: tuple[Dataset, ...]
    policy: PolicySnapshot
    authorization: str
    context: Context
    reproducible: bool = False
    repair: str | None = None
    values: Values | None = None
    approved: Footprint | None = None
    patterns: Patterns = lambda _signatures: {}
    versions: Mapping[str, str] = field(default_factory=dict)
    kept: bool = True


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """An output in quarantine, by what grant and plan, what the check says, and the seconds of each stage."""

    plan: Plan
    result: RunResult
    report: CheckReport
    timings: dict[str, float]


def authorize(engine: Engine, question: Question) -> Grant:
    """Understand the SQL and decide about every use in it.

    Raises Invalid or Refusal; a refusal names everything that is wrong at once, what the policy forbids and what
    cannot be governed; "template-uses-changed" says that a template does something else than what was approved.
    """
    understood = understand(question.sql, question.datasets, engine.functions, question.values)
    grant = permit(engine, question, understood)
    changed = changed_parts(question.approved, footprint(grant.analysis)) if question.approved else ()
    if changed:
        raise Refusal("template-uses-changed", parts=", ".join(changed))
    return grant


def permit(engine: Engine, question: Question, understood: Understood) -> Grant:
    """Decide about every use of a query that is understood already; raises Refusal as `authorize` does."""
    findings: list[Finding] = []
    if question.repair == MERGE:
        understood = with_merged_uses(understood)
    analysis: Analysis = outline(understood)
    try:
        decide(question.policy, question.authorization, analysis, question.context, repair=question.repair)
    except Refusal as refusal:
        findings += refusal.findings
    try:
        analysis = complete(understood, engine.functions)
    except Refusal as refusal:
        findings += refusal.findings
    if understood.level > Level.L1:
        findings += refresh_findings(understood.datasets, question.repair, question.versions)
    if findings:
        raise Refusal(findings[0], *findings[1:])
    if question.repair == MERGE:
        analysis = with_merged_lineage(analysis)
    return decide(question.policy, question.authorization, analysis, question.context, repair=question.repair)


def evaluate(
    engine: Engine,
    question: Question,
    history: History,
    folder: Path,
    *,
    progress: Progress = lambda _stage: None,
    steps: Steps | None = None,
    cancelled: Cancelled | None = None,
    spend: Spend | None = None,
) -> Evaluated:
    """Everything from SQL to a check report; the result and its evidence end up in `folder`, which must be empty.

    Raises Invalid, Refusal, Unavailable or Broken; then `folder` holds nothing that may be used. What `spend` has paid
    stays paid.
    """
    timings: dict[str, float] = {}
    begun = time.monotonic()
    grant = authorize(engine, question)
    timings["decide"] = time.monotonic() - begun
    stopped: Stopped = {}
    populations: Stopped = {}
    marks, until = _begun(_plan(engine, question, grant, stopped), question.patterns), time.monotonic() + SECONDS
    taken_out: tuple[Near, ...] = ()
    for _ in range(ROUNDS):
        progress("running")
        plan = _plan(engine, question, grant, merged(stopped, out_for_others(marks)), populations)
        if plan.private is not None and plan.private.frontiers:
            if spend is None:
                raise Refusal("dp-no-budget")
            spend(plan)
        result = _run(engine, plan, folder, timings, steps=steps, cancelled=cancelled)
        progress("checking")
        begun = time.monotonic()
        margins = suppress(plan, folder, marks, until=until)
        settled = out_for_others(margins.marks) == out_for_others(marks)
        near = _compared(plan, folder, history) if settled else Comparison(near=())
        timings["check"] = timings.get("check", 0.0) + time.monotonic() - begun
        if settled and not near.near:
            hold(engine, plan.partitions, folder, history, failed=sandbox_error)
            checked = _reported(engine, result, margins, stopped, taken_out)
            return Evaluated(plan=plan, result=result, report=checked, timings=timings)
        marks = margins.marks
        stopped, taken_out = merged(stopped, near.stopped), taken_out + near.near
        populations = merged(populations, near.populations)
        _empty(folder)
    raise Refusal("firewall-unsettled", rounds=ROUNDS)


def _compared(plan: Plan, folder: Path, history: History) -> Comparison:
    """What of a run comes too near to the history, or to itself; nothing where no two of its cells could."""
    return compare(read_segment(plan, folder), history) if plan.fingerprints else Comparison(near=())


def _begun(plan: Plan, patterns: Patterns) -> Marks:
    """The marks to begin with: what earlier outputs of the same aggregations left out."""
    return reused(plan, patterns([f.signature for f in plan.frontiers]))


def _reported(
    engine: Engine, result: RunResult, margins: Suppressed, stopped: Stopped, near: tuple[Near, ...]
) -> CheckReport:
    """The report on a run from which everything is out that must be: what the firewall `stopped`, and for margins."""
    plan, folder = margins.plan, Path(result.folder)
    others = out_for_others(margins.marks)
    judged = judge(plan, folder, stopped, others) if plan.private is None else judge_private(plan, folder)
    checked = report(plan, result, judged, near, SEGMENT, engine.rules.max_bytes, engine.rules.text)
    partitions = written(plan.partitions, folder)
    return told(replace(checked, partitions=partitions, uncovered=len(plan.uncovered)), margins)


def _plan(
    engine: Engine, question: Question, grant: Grant, stopped: Stopped, populations: Stopped = MappingProxyType({})
) -> Plan:
    stops = {
        f: Stops(keys=_sorted(stopped.get(f, {})), populations=_sorted(populations.get(f, {})))
        for f in {*stopped, *populations}
    }
    return make_plan(
        grant,
        engine.rules.levels[grant.analysis.level],
        engine.callable_functions(),
        engine.limits["query"],
        stops=stops,
        reproducible=question.reproducible,
        repair=engine.repairs[question.repair] if question.repair is not None else None,
        fingerprints=question.kept or not stands_alone(grant.analysis),
    )


def _sorted(hashes: Mapping[int | None, frozenset[int]]) -> dict[int | None, tuple[int, ...]]:
    return {measure: tuple(sorted(keys)) for measure, keys in hashes.items()}


def _numbered(plan: Plan, steps: Steps) -> Callable[[str, float], None]:
    """Tell `steps` the number of the step that the sandbox names; a name that is not in the plan is nobody's."""
    names = [*(s.table for s in plan.task.steps), *(e.file for e in plan.task.exports)]
    numbers = {name: number for number, name in enumerate(names, start=1)}

    def told(step: str, share: float) -> None:
        if step in numbers:
            steps(numbers[step], len(names), share)

    return told


def _run(
    engine: Engine,
    plan: Plan,
    folder: Path,
    timings: dict[str, float],
    *,
    steps: Steps | None,
    cancelled: Cancelled | None,
) -> RunResult:
    """Run a plan in the sandbox; its files end up in `folder`."""
    with with_noise(plan) as task:
        answer = engine.launcher.run(
            task,
            folder,
            require_isolation=engine.require_isolation,
            cancelled=cancelled,
            on_progress=None if steps is None else _numbered(plan, steps),
        )
    for stage, seconds in answer.usage.stages.items():
        timings[stage] = timings.get(stage, 0.0) + seconds
    timings["sandbox"] = timings.get("sandbox", 0.0) + answer.usage.wall_seconds
    if answer.status != "ok":
        raise sandbox_error(answer)
    return RunResult(
        plan_hash=plan.hash,
        folder=str(folder),
        files=answer.files,
        rows=dict(answer.rows),
        usage={name: float(getattr(answer.usage, name)) for name in _FIGURES},
        walls=answer.walls,
        threads=1 if plan.task.reproducible else answer.usage.threads,
        engine=engine.version,
        scan=answer.scan,
    )


_FIGURES = (
    "wall_seconds",
    "waited_seconds",
    "cpu_seconds",
    "peak_memory_bytes",
    "scratch_bytes",
    "spill_bytes",
    "read_bytes",
    "written_bytes",
)
"""What is kept of a run's cost."""


_BRANCH: dict[str, type[SluiceError]] = {
    "isolation-missing": Unavailable,
    "child-died": Unavailable,
    "answer-refused": Broken,
    "task-cancelled": Refusal,
    "task-malformed": Broken,
    "guard-refused": Broken,
}
"""Code of the sandbox → branch of the error; every other code means that the query asks too much."""


def sandbox_error(answer: Answer) -> SluiceError:
    """The sandbox's answer as an error of ours: a code and the step, never the engine's words."""
    code = answer.code or "child-died"
    return _BRANCH.get(code, Invalid)(code, step=answer.step or "-")


def _empty(folder: Path) -> None:
    for file in folder.iterdir():
        shutil.rmtree(file) if file.is_dir() else file.unlink()
