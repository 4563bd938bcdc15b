"""Does the policy answer as its tests say? Cases of the form given … ask … expect …, from `policies/tests/*.toml`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema

from app.domain.errors import Finding, Invalid, Refusal
from app.domain.values import Bilingual, Dataset, DatasetKind, Field, Level, Unit, is_repair, is_use
from app.policy.conditions import Context
from app.policy.enforcement import Answer
from app.policy.explanation import explanation
from app.policy.grants import Uses, collect
from app.policy.rules import ANY, NO_MATCH, Standing
from app.policy.snapshot import snapshot
from app.policy.uses_file import read_uses
from app.policy.views import Viewer, restrict

GIVEN = "given"
"""The authorization that a case grants its uses to."""
GRANTED = "granted"
"""How a case calls any rule of that authorization."""
MORNING = "2026-01-05T10:00:00+08:00"
"""When a case asks that does not say when: a working day, in office hours."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """One question with the answer that it must have; `rules` are the ids of those that decide."""

    file: str
    name: str
    datasets: tuple[Dataset, ...]
    uses: Uses
    context: Context
    dataset: Dataset
    field: str
    use: str
    allowed: bool
    rules: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a policy answers to a case."""

    case: Case
    allowed: bool
    rules: frozenset[str]
    why: Bilingual

    @property
    def passed(self) -> bool:
        """Whether the answer and the deciding rules are those that the case expects."""
        return (self.allowed, self.rules) == (self.case.allowed, self.case.rules)

    def to_json(self) -> dict[str, Any]:
        """The verdict as plain data."""
        case = self.case
        return {
            "file": case.file,
            "case": case.name,
            "passed": self.passed,
            "ask": {"dataset": case.dataset.name, "field": case.field, "use": case.use},
            "expected": {"allowed": case.allowed, "rules": sorted(case.rules)},
            "found": {"allowed": self.allowed, "rules": sorted(self.rules)},
            "why": {"zh": self.why.zh, "en": self.why.en},
        }


def read_cases(source: Path) -> tuple[Case, ...]:
    """The cases in the file `source`, or in every TOML file of the folder `source`.

    Raises one Invalid with all that is wrong: "policy-cases-unreadable", "policy-cases-malformed", and what
    `read_uses` finds.
    """
    found: list[Case] = []
    findings: list[Finding] = []
    for file in sorted(source.glob("*.toml")) if source.is_dir() else [source]:
        try:
            found += _read(file)
        except Invalid as error:
            findings += error.findings
    if not found and not findings:
        raise Invalid("policy-cases-unreadable", file=source.name, why="no *.toml")
    if findings:
        raise Invalid(findings[0], *findings[1:])
    return tuple(found)


def run_cases(cases: Iterable[Case], standing: Standing) -> tuple[Verdict, ...]:
    """What the policy of `standing` answers to each case."""
    return tuple(_run(case, standing) for case in cases)


def _run(case: Case, standing: Standing) -> Verdict:
    try:
        seen = restrict(standing, case.datasets, Viewer(authorization=GIVEN, rows=False), case.context)
    except Refusal as refusal:
        rules = frozenset(str(f.rule) for f in refusal.findings)
        return Verdict(case=case, allowed=False, rules=rules, why=refusal.findings[0].message())
    policy = snapshot(standing, {GIVEN: case.uses}, seen)
    (dataset,) = (d for d in seen if d.name == case.dataset.name)
    found = explanation(policy, GIVEN, dataset=dataset, field=case.field, use=case.use, context=case.context)
    return Verdict(case=case, allowed=found.answer.allowed, rules=_deciding(found.answer), why=found.why)


def _deciding(answer: Answer) -> frozenset[str]:
    names = frozenset(GRANTED if r.subject == GIVEN else r.id for r in answer.deciding)
    return names or frozenset({NO_MATCH})


def _read(file: Path) -> list[Case]:
    try:
        document = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Invalid("policy-cases-unreadable", file=file.name, why=error) from None
    findings = [_malformed(file, _place(e), e.message) for e in _validator().iter_errors(document)]
    if findings:
        raise Invalid(findings[0], *findings[1:])
    datasets = tuple(_dataset(name, told) for name, told in document["dataset"].items())
    return [_case(file, number, told, datasets) for number, told in enumerate(document["case"], start=1)]


def _case(file: Path, number: int, told: Mapping[str, Any], datasets: tuple[Dataset, ...]) -> Case:
    place, ask, given = f"case.{number} ({told['name']})", told["ask"], told.get("context", {})
    dataset = next((d for d in datasets if d.name == ask["dataset"]), None)
    if dataset is None or (ask["field"] != ANY and dataset.field(ask["field"]) is None):
        raise Invalid(_malformed(file, f"{place}.ask", f"no field {ask['dataset']}.{ask['field']}"))
    if not (is_use(ask["use"]) or is_repair(ask["use"])):
        raise Invalid(_malformed(file, f"{place}.ask", f"no use {ask['use']}"))
    uses = collect(())
    if "uses" in told:
        uses = read_uses({"uses": told["uses"]}, datasets, file=f"{file.name} {place}")
    return Case(
        file=file.name,
        name=told["name"],
        datasets=datasets,
        uses=uses,
        context=Context(
            now=_moment(file, place, given.get("at", MORNING)),
            purpose=given.get("purpose"),
            product=given.get("product"),
        ),
        dataset=dataset,
        field=ask["field"],
        use=ask["use"],
        allowed=told["expect"] == "allowed",
        rules=frozenset(told["rules"]),
    )


def _moment(file: Path, place: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Invalid(_malformed(file, f"{place}.context.at", f"{text} is no moment with a zone"))
    return found


def _dataset(name: str, told: Mapping[str, Any]) -> Dataset:
    """A data set of which only what the policy looks at is told."""
    words = Bilingual(zh=name, en=name)
    return Dataset(
        name=name,
        code="",
        kind=DatasetKind(told.get("kind", "public")),
        provider=told.get("provider", "provider"),
        title=words,
        fields=tuple(
            Field(name=n, type=f.get("type", ""), level=Level(f["level"]), label=words, identifier=f.get("identifier"))
            for n, f in told["fields"].items()
        ),
        units=tuple(Unit(type="", column=column, tag="") for column in told.get("units", ())),
        version="",
        path="",
        rows=0,
    )


def _malformed(file: Path, place: str, why: str) -> Finding:
    return Finding(code="policy-cases-malformed", params=(("file", file.name), ("place", place), ("why", why)))


def _place(error: jsonschema.ValidationError) -> str:
    """Where in the document: cases are counted from 1."""
    parts = list(error.absolute_path)
    return ".".join(str(p + 1) if isinstance(p, int) else str(p) for p in parts) or "(document)"


@cache
def _validator() -> jsonschema.Draft202012Validator:
    text = files("app.policy").joinpath("cases.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))
