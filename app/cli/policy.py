"""`sluice policy`: what do the rules about the uses of fields say, are they sound, and what would others change?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.policy_sources import (
    FILES,
    PUBLISHED,
    datasets_of,
    deployment,
    moment_of,
    policy_named,
    spoken,
    with_catalog,
)
from app.cli.policy_text import difference_text, explanation_text, verdict_lines
from app.cli.policy_versions import COMMANDS
from app.cli.terminal import answer, with_json
from app.domain.errors import Invalid

if TYPE_CHECKING:
    from app.domain.errors import Finding
    from app.domain.values import Dataset
    from app.policy.grants import Uses
    from app.policy.soundness import Known

STANDING_ONLY = "trial"
"""The authorization that stands for nobody, where none is named."""


@click.group()
def policy_command() -> None:
    """The use policy: which field may be used for what. Check it, compare it, try it out, put it in force.

    A policy is named by a folder with standing.csv and rules.toml, by such a CSV file, by `files` (those of the
    program), by `published` (the version in force here), or by the id of a version.

    \b
    Examples:
      sluice policy check my-policy
      sluice policy simulate my-policy --as steward-highway
      sluice policy draft my-policy --note "phones tie nothing together" --as steward-highway
      sluice policy publish policy-3a… --as regulator-zhao
    """


@policy_command.command("check")
@click.argument("source", metavar="FILE|FOLDER")
@with_catalog
@with_json
def check(source: str, catalog: Path | None, as_json: bool) -> None:
    """Say whether a policy is sound: every problem with file, line, and what to do; notes on rules that do nothing.

    \b
    Examples:
      sluice policy check policies/use
      sluice policy check my-policy/standing.csv --catalog sample_data/s1_rescue --json
    """
    from app.policy.soundness import notes
    from app.policy.words import label

    named = policy_named(source)
    found = notes(named.standing, named.places, _known(catalog))
    value = {
        "sound": True,
        "policy": source,
        "rules": len(named.standing.ids),
        "sha256": named.standing.digest,
        "notes": [f.to_json() for f in found],
    }
    head = spoken(label("sound", source=source, rules=len(named.standing.ids), notes=len(found)))
    answer(value, as_json=as_json, text="\n".join([head, *map(_sentence, found)]))


@policy_command.command("diff")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@with_json
def diff(first: str, second: str, as_json: bool) -> None:
    """Show what policy B says that A does not, rule by rule, in plain words.

    \b
    Examples:
      sluice policy diff published my-policy
      sluice policy diff policy-1c… policy-3a… --json
    """
    from app.policy.difference import difference

    changes = difference(policy_named(first).standing, policy_named(second).standing)
    value = {"from": first, "to": second, "changes": [c.to_json() for c in changes]}
    answer(value, as_json=as_json, text=difference_text(changes))


@policy_command.command("explain")
@click.option("--dataset", required=True, help="The data set.")
@click.option("--field", "field_name", required=True, help="Its field; * for the rows as such.")
@click.option("--use", required=True, help="show, group, extreme, filter:eq, filter:range, link, aggregate:FUNCTION.")
@click.option("--authorization", help="Whose rights; default: nobody's, the standing rules alone.")
@click.option("--purpose", help="The purpose; default: the authorization's.")
@click.option("--product", help="The kind of product; default: the authorization's, when it has one.")
@click.option("--at", "at", help="The moment, with its zone; default: now.")
@click.option("--policy", "source", help=f"The policy; default: {PUBLISHED}, or {FILES} outside a deployment.")
@with_catalog
@with_json
def explain(
    *,
    dataset: str,
    field_name: str,
    use: str,
    authorization: str | None,
    purpose: str | None,
    product: str | None,
    at: str | None,
    source: str | None,
    catalog: Path | None,
    as_json: bool,
) -> None:
    """Say whether one use of one field is permitted, with every matching rule, those that decide, and why.

    \b
    Examples:
      sluice policy explain --dataset hw_incident --field plate --use show
      sluice policy explain --dataset hw_incident --field road --use group --authorization authorization-7c…
      sluice policy explain --dataset flights --field tailnum --use link --catalog sample_data/flights --policy files
    """
    from app.policy.conditions import Context
    from app.policy.explanation import explanation
    from app.policy.snapshot import snapshot
    from app.policy.views import Viewer, restrict

    held, uses = _rights(authorization)
    known = _dataset(dataset, catalog)
    standing = policy_named(source or (FILES if deployment() is None else PUBLISHED)).standing
    context = Context(
        now=moment_of(at),
        purpose=purpose or (held.purpose if held else None),
        product=product or (held.product if held else None),
    )
    who = held.id if held else STANDING_ONLY
    (seen,) = restrict(standing, [known], Viewer(authorization=who, rows=False), context)
    policy = snapshot(standing, {who: uses}, [seen])
    found = explanation(policy, who, dataset=seen, field=field_name, use=_use(use), context=context)
    answer(found.to_json(), as_json=as_json, text=explanation_text(found))


@policy_command.command("test")
@click.argument("source", default=FILES)
@click.option("--tests", type=click.Path(path_type=Path), help="File or folder; default: policies/tests.")
@with_json
def test(source: str, tests: Path | None, as_json: bool) -> None:
    """Run the policy's own tests: each says what is given, what is asked, and what must be answered by which rules.

    Exit codes: 0 all pass, 1 one does not.

    \b
    Examples:
      sluice policy test
      sluice policy test my-policy --tests my-policy/tests
      sluice policy test published --json
    """
    from app import config
    from app.policy.cases import read_cases, run_cases
    from app.policy.words import label

    cases = read_cases(tests or config.read().policies / "tests")
    verdicts = run_cases(cases, policy_named(source).standing)
    failed = [v for v in verdicts if not v.passed]
    value = {
        "policy": source,
        "cases": len(verdicts),
        "failed": len(failed),
        "verdicts": [v.to_json() for v in verdicts],
    }
    lines = [line for v in failed for line in verdict_lines(v)]
    lines.append(spoken(label("passed", passed=len(verdicts) - len(failed), cases=len(verdicts))))
    answer(value, as_json=as_json, text="\n".join(lines))
    if failed:
        raise Invalid("policy-cases-failed", count=len(failed))


for _each in COMMANDS:
    policy_command.add_command(_each)


def _sentence(finding: Finding) -> str:
    return f"  {finding.code} {spoken(finding.message())} {spoken(finding.remedy())}"


def _known(catalog: Path | None) -> Known | None:
    """The names that rules can mean; None when there is no catalog to look into."""
    from app.authorization.grants import listed
    from app.policy.soundness import Known

    datasets, running = datasets_of(catalog), deployment()
    if datasets is None:
        return None
    if running is None:
        return Known(datasets=datasets)
    with running.store.reading() as connection:
        return Known(datasets=datasets, authorizations=frozenset(a.id for a in listed(connection)))


def _dataset(name: str, catalog: Path | None) -> Dataset:
    from app.policy.uses_file import nearest

    datasets = datasets_of(catalog)
    if datasets is None:
        raise Invalid("policy-no-catalog")
    found = next((d for d in datasets if d.name.casefold() == name.casefold()), None)
    if found is None:
        near = nearest(name, (d.name for d in datasets))
        hints = {"hint_zh": f"是否想写 {near}？" if near else "", "hint_en": f" Did you mean {near}?" if near else ""}
        raise Invalid("policy-unknown-dataset", dataset=name, **hints)
    return found


def _rights(authorization: str | None) -> tuple[Any, Uses]:
    """The authorization with the uses that it grants; (None, nothing) where none is named."""
    from app.authorization.grants import load
    from app.bootstrap import services
    from app.policy.grants import collect

    if authorization is None:
        return None, collect(())
    with services().store.reading() as connection:
        held = load(connection, authorization)
    return held, collect(held.uses, purpose=held.purpose)


def _use(text: str) -> str:
    from app.domain.values import REPAIRS, USE_KINDS, is_repair, is_use

    if not (is_use(text) or is_repair(text)):
        known = ", ".join([*USE_KINDS, "aggregate:FUNCTION", *(f"repair:{kind}" for kind in REPAIRS)])
        raise click.BadParameter(f"{text!r} is none of {known}", param_hint="--use")
    return text
