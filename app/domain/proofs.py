"""What does each stage prove to the next? A proof is built by its own stage only and demanded by the stage after it.

SQL → `Analysis` → `Grant` → `Plan` → `RunResult` → `CheckReport` → `Approval`: the order is a matter of types.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from app.domain.errors import Finding
from app.domain.privacy import PrivacyReport, PrivateRun
from app.domain.repairs import CellRepair, CodedEnds, Coding, Merged, Recoding
from app.domain.rules import LevelRule
from app.domain.values import Dataset, Decision, FieldUse, Level
from sandbox.protocol import ColumnScan, QueryTask


@dataclass(frozen=True, kw_only=True)
class FieldFlow:
    """A field that flows into an output column by a use; "own" is that of a field that the operator brought."""

    dataset: str
    field: str
    use: str


@dataclass(frozen=True, kw_only=True)
class ColumnLineage:
    """The fields that an output column is made of; `column` None: those that decide which rows count, for all."""

    column: str | None
    sources: tuple[FieldFlow, ...]


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What a query does with which fields (stage `query`).

    `sql` is the operator's text; `datasets` those it reads, in order of first mention; `uses` every use of every
    public field it reaches, each with its place; `level` the strictest level reached; `reasons` why people must
    judge it (empty: every check can be computed).
    """

    sql: str
    datasets: tuple[Dataset, ...]
    uses: tuple[FieldUse, ...]
    level: Level
    reasons: tuple[Finding, ...]
    governed: object = field(repr=False, compare=False)
    """The governed tree; only the stage `query` looks inside."""
    lineage: tuple[ColumnLineage, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UseDecision:
    """The answer for one use: permitted or not, by which rules of the policy."""

    use: FieldUse
    allowed: bool
    rules: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Grant:
    """Every use of an analysis is permitted (stage `policy`)."""

    authorization: str
    policy_version: str
    analysis: Analysis
    decisions: tuple[UseDecision, ...]


@dataclass(frozen=True, kw_only=True)
class Margin:
    """The cells of a frontier are sums of cells of the frontier `finer`, which has the same rows and more keys.

    Its own keys are those at `positions` of `finer`; `measures` are (own, of `finer`) that have the same text.
    """

    finer: int
    positions: tuple[int, ...]
    measures: tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True)
class FrontierOutline:
    """What the check needs to know of a frontier: the types of its units, its measures' names, its number of keys.

    The sets of keys of one GROUP BY (ROLLUP, CUBE, GROUPING SETS) are frontiers with the same measures in the same
    order, one table with its margins: `margin_of` is the number of the one with the largest set, None for that one
    itself and for every other aggregation; `positions` says which of all keys of the GROUP BY its own ones are.
    `prints` are the columns of presence and content in the fingerprints, of the rows and then of each measure, and
    `families` what the firewall may compare each measure with.
    `population` is the number of keys of its population, None when its cells tell of nobody but those in them;
    `population_prints` are the columns of its fingerprints.
    `margins` are all frontiers of which it is a margin, those of other parts of the query too; `kinds` say how each
    measure adds up: as "count", "sum", "mean", or not (None). `signature` is equal for the same rows and keys.
    """

    number: int
    units: tuple[str, ...]
    measures: tuple[str, ...]
    keys: int
    margin_of: int | None = None
    positions: tuple[int, ...] = ()
    kinds: tuple[str | None, ...] = ()
    margins: tuple[Margin, ...] = ()
    signature: str = ""
    prints: tuple[tuple[str, str], ...] = ()
    families: tuple[str, ...] = ()
    population: int | None = None
    population_prints: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PartitionOutline:
    """Cells of a plan that are compared with one another: by the type of a `unit` and the `field` that they measure.

    What stands in them are rows of a version of a data set, or units themselves when that is empty. The run puts the
    classes of the rows into the files `members_<number>.parquet` and `classes_<number>.parquet`. Each cell needs `k`
    units; there are `cells` kinds of them, a kind for each aggregation and measure.
    """

    number: int
    dataset: str
    version: str
    unit: str
    field: str
    k: int
    cells: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Exactly what runs (stage `query`): the task for the sandbox, under which rule, and its SHA-256 as hex.

    `columns` are the names of the output columns, in the operator's spelling. A `private` plan has noise in place of
    exact cells: its frontiers are those of `private`, and `frontiers` is empty.
    """

    grant: Grant
    rule: LevelRule
    task: QueryTask
    frontiers: tuple[FrontierOutline, ...]
    columns: tuple[str, ...]
    hash: str
    private: PrivateRun | None = None
    noise: int | None = None
    """How much noise by cell key a count may have, either way; None when there is none."""
    recodings: tuple[Recoding, ...] = ()
    """The keys whose values were merged."""
    codings: tuple[Coding, ...] = ()
    """The fields that were coded at top and bottom."""
    partitions: tuple[PartitionOutline, ...] = ()
    uncovered: tuple[int, ...] = ()
    """Numbers of frontiers of whose rows no partition tells."""
    fingerprints: bool = True
    """Whether its cells get fingerprints; without them nothing of it may be kept or held against what was."""


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What came back from the sandbox, in quarantine (stage `jobs`): a folder and the names of its files.

    `usage` are the exact figures, which stay inside; it ran on `threads` of the engine `engine`, within `walls`.
    """

    plan_hash: str
    folder: str
    files: tuple[str, ...]
    rows: dict[str, int]
    usage: dict[str, float]
    walls: tuple[str, ...]
    threads: int
    engine: str
    scan: tuple[ColumnScan, ...] = ()
    """What the sandbox found in the columns of the result, in their order."""


@dataclass(frozen=True, kw_only=True)
class TextFinding:
    """What the texts (or long numbers) of an output column hold: `rows` of its `of` values look like a `kind`.

    `verdict` is "identifier"; "possible", where form alone cannot tell; "chance", where no more pass the check than
    among random numbers; or "many-values", with the kind "many-values": so many different texts that they may name
    subjects.
    """

    column: str
    kind: str
    rows: int
    of: int
    verdict: str


@dataclass(frozen=True, kw_only=True)
class CellEvidence:
    """Why one cell may leave or not; no value of the cell is in here.

    `frontier` and `cell` number the aggregation and its row; `measure` the aggregate within the row, or None for the
    row itself. `contributors` are distinct units, `exact` or a proved lower bound. `largest_share` is of a sum, 0 to 1.
    `verdict` is one of those of `app.domain.rules.CELL_RULES`, "near-released" or "complementary"; `repairs` is what
    was done to the cell beside.
    """

    frontier: int
    cell: int
    measure: str | None
    unit: str
    contributors: int
    exact: bool
    largest_share: float | None
    verdict: str
    rule: str
    repairs: tuple[CellRepair, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NearCell:
    """A cell that was taken out because it comes too near to one of `release` (an output, or "this release").

    `distance` is in buckets of contributors, always fewer than the rule's k. `rollup`: not the cell does, but a sum
    whose smallest part it is. `population`: those of whom the cell tells do, not those in it. `frontier`, `cell` and
    `measure` are as in `CellEvidence`; `cell` None: the evidence has it no more.
    """

    frontier: int
    cell: int | None
    measure: str | None
    release: str
    distance: int
    rollup: bool
    population: bool = False


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A bar of a histogram: rows of aggregations with `least` to `most` contributors (None: and more) of a `unit`.

    `left` of them may leave and `kept` may not.
    """

    unit: str
    least: int
    most: int | None
    left: int
    kept: int


@dataclass(frozen=True, kw_only=True)
class Taken:
    """So many `cells` had a `verdict` by a `rule`; a row of an aggregation and each measure in it are cells."""

    verdict: str
    rule: str
    cells: int


@dataclass(frozen=True, kw_only=True)
class Restriction:
    """A rule that kept something of a data set from the analysis, and its sentences.

    `what` is "rows", or "mask:KIND" with the masked `field`.
    """

    rule: str
    what: str
    dataset: str
    field: str | None
    zh: str
    en: str


@dataclass(frozen=True, kw_only=True)
class HiddenCell:
    """What follows about a suppressed cell of a table with margins: its value is at least `lower`, at most `upper`.

    For reviewers only. `primary` cells are unsafe themselves, the others are out for their sake; None is no bound.
    `frontier`, `cell` and `measure` are as in `CellEvidence`.
    """

    frontier: int
    cell: int
    measure: str
    primary: bool
    lower: float | None
    upper: float | None


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """Which rows of an aggregation were taken out though they are safe: the hashes of their keys, as hex.

    `signature` is that of its `FrontierOutline`; whoever asks the same again gets the same.
    """

    signature: str
    rows: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CheckReport:
    """Whether an output is safe to leave, alone and with all that left before (stage `disclosure`).

    `table` is the Parquet file of what would leave and `segment` the fingerprints that a release registers in the
    history, both in quarantine. `suppressed` and `stopped_by_firewall` count cells that may not leave.
    """

    decision: Decision
    reasons: tuple[Finding, ...]
    level: Level
    plan_hash: str
    policy_version: str
    columns: tuple[tuple[str, str], ...]
    rows: int
    suppressed: int
    stopped_by_firewall: int
    cells: tuple[CellEvidence, ...]
    table: str
    segment: str
    near: tuple[tuple[str, int], ...] = field(default=())
    """Earlier releases that some cell comes too near to, each with the number of cells."""
    restrictions: tuple[Restriction, ...] = field(default=())
    """The row rules of every data set that was read, and the masks of every field that was used."""
    texts: tuple[TextFinding, ...] = field(default=())
    """What was found in the texts of the output; what is not here was not found."""
    near_cells: tuple[NearCell, ...] = field(default=())
    """The first of the cells that were taken out for nearness, the nearest first; `near` counts all."""
    histogram: tuple[Bar, ...] = field(default=())
    taken: tuple[Taken, ...] = field(default=())
    """How many cells had which verdict, safe ones included; complete whatever becomes of `cells`."""
    lineage: tuple[ColumnLineage, ...] = field(default=())
    rounding: int | None = field(default=None)
    """What every count and sum was rounded to a multiple of."""
    noise: int | None = field(default=None)
    """How much noise by cell key each count may have, either way."""
    privacy: PrivacyReport | None = field(default=None)
    """The noise that the output carries, if it does; then `suppressed` and all contributors are noised numbers too."""
    hidden: tuple[HiddenCell, ...] = field(default=())
    """The first of the suppressed cells of tables with margins, with what an attacker would know of them."""
    patterns: tuple[Pattern, ...] = field(default=())
    """What was taken out of each aggregation beside its unsafe cells."""
    merged: tuple[Merged, ...] = field(default=())
    """The fields whose values were merged as keys, and how much was lost."""
    coded: tuple[CodedEnds, ...] = field(default=())
    """The fields that were coded at top and bottom."""
    partitions: tuple[str, ...] = field(default=())
    """Files in quarantine that tell which rows stand in the same cells; a release refines the partitions by them."""
    uncovered: int = field(default=0)
    """Aggregations of which no partition tells: what follows from them together with others is not looked for."""


@dataclass(frozen=True, kw_only=True)
class Vote:
    """One reviewer's vote on an output: "approve", "reject" or "request_changes", with the reason."""

    reviewer: str
    organization: str
    choice: str
    reason: str
    at: str


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Independent people agree that an output may leave (stage `review`)."""

    output: str
    report_hash: str
    votes: tuple[Vote, ...]
