"""`sluice policy draft … publish`: how does a change of the rules come into force, and what came before it?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.policy_sources import moment_of, policy_named, spoken
from app.cli.policy_text import replay_text
from app.cli.terminal import acting, answer, answer_rows, who, with_json
from app.domain.errors import Refusal

if TYPE_CHECKING:
    from app.domain.people import Actor
    from app.policy.versions import Version

MAY_SIMULATE = ("policy:draft", "policy:approve")


@click.command("simulate")
@click.argument("source", metavar="POLICY")
@click.option("--at", "at", help="The present moment to assume, with its zone; default: now.")
@acting
@with_json
def simulate(source: str, at: str | None, person: str | None, as_json: bool) -> None:
    """Replay: ask all past jobs and live authorizations under POLICY, and list each answer that would change, and why.

    No row of data is read. Conditions that begin or end later are looked at as well.

    \b
    Examples:
      sluice policy simulate my-policy --as steward-highway
      sluice policy simulate policy-3a… --json --as regulator-zhao
    """
    from app import config
    from app.bootstrap import services
    from app.policy.functions import load_functions
    from app.policy.versions import published, standing_of
    from app.replay.told import to_json
    from app.replay.weighing import replay

    running = services()
    _may_simulate(running.actor(who(person)))
    after = policy_named(source).standing
    with running.store.reading() as connection:
        before = standing_of(connection, published(connection).id, after.model)
        functions = load_functions(config.read().policies)
        now = moment_of(at)
        told = to_json(replay(connection, before=before, after=after, functions=functions, now=now))
    answer(told, as_json=as_json, text=replay_text(told))


@click.command("draft")
@click.argument("source", metavar="POLICY")
@click.option("--note", required=True, help="Why the rules should change; goes into the ledger.")
@click.option("--revise", metavar="ID", help="Give this draft the new content.")
@acting
@with_json
def draft(source: str, note: str, revise: str | None, person: str | None, as_json: bool) -> None:
    """Keep POLICY as a draft, made from the version in force.

    \b
    Examples:
      sluice policy draft my-policy --note "phones tie nothing together" --as steward-highway
      sluice policy draft my-policy --note "and no plates" --revise policy-3a… --as steward-highway
    """
    from app.bootstrap import services
    from app.policy import publishing

    running, standing = services(), policy_named(source).standing
    actor = running.actor(who(person), "policy:draft")
    if revise is None:
        subject = publishing.draft(running.store, actor, standing, note=note, new_id=running.new_id)
    else:
        subject = revise
        publishing.revise(running.store, actor, subject, standing, note=note)
    answer({"policy": subject, "state": "draft"}, as_json=as_json, text=f"{subject}: draft")


@click.command("submit")
@click.argument("subject", metavar="ID")
@acting
@with_json
def submit(subject: str, person: str | None, as_json: bool) -> None:
    """Hand the draft ID to whoever may publish it.

    \b
    Examples:
      sluice policy submit policy-3a… --as steward-highway
    """
    from app.bootstrap import services
    from app.policy import publishing

    running = services()
    state = publishing.submit(running.store, running.actor(who(person)), subject)
    answer({"policy": subject, "state": state}, as_json=as_json, text=f"{subject}: {state}")


@click.command("return")
@click.argument("subject", metavar="ID")
@click.option("--reason", required=True, help="Why; goes into the ledger.")
@acting
@with_json
def give_back(subject: str, reason: str, person: str | None, as_json: bool) -> None:
    """Return a submitted draft to its author.

    \b
    Examples:
      sluice policy return policy-3a… --reason "too wide" --as regulator-zhao
    """
    from app.bootstrap import services
    from app.policy import publishing

    running = services()
    state = publishing.give_back(running.store, running.actor(who(person)), subject, reason=reason)
    answer({"policy": subject, "state": state}, as_json=as_json, text=f"{subject}: {state}")


@click.command("withdraw")
@click.argument("subject", metavar="ID")
@click.option("--reason", required=True, help="Why; goes into the ledger.")
@acting
@with_json
def withdraw(subject: str, reason: str, person: str | None, as_json: bool) -> None:
    """Take a draft of your organization back for good.

    \b
    Examples:
      sluice policy withdraw policy-3a… --reason "no longer needed" --as steward-highway
    """
    from app.bootstrap import services
    from app.policy import publishing

    running = services()
    state = publishing.withdraw(running.store, running.actor(who(person)), subject, reason=reason)
    answer({"policy": subject, "state": state}, as_json=as_json, text=f"{subject}: {state}")


@click.command("publish")
@click.argument("subject", metavar="ID")
@click.option("--changes", default=0, show_default=True, help="How many changed answers you have seen in the replay.")
@acting
@with_json
def publish(subject: str, changes: int, person: str | None, as_json: bool) -> None:
    """Put a submitted draft in force; its author cannot. Shows the difference and replays first.

    When the replay finds another number of changed answers than --changes says, nothing is published.

    \b
    Examples:
      sluice policy publish policy-3a… --as regulator-zhao
      sluice policy publish policy-3a… --changes 2 --as regulator-zhao
    """
    from app import config
    from app.bootstrap import services
    from app.policy.functions import load_functions
    from app.policy.rules_files import load_model
    from app.policy.words import label
    from app.replay.publication import publish_replayed
    from app.replay.told import to_json

    running, policies = services(), config.read().policies
    actor = running.actor(who(person), "policy:approve")
    replayed = publish_replayed(
        running.store,
        actor,
        subject,
        model=load_model(policies),
        functions=load_functions(policies),
        changes=changes,
    )
    told = to_json(replayed)
    text = [replay_text(told), spoken(label("published_at", id=subject, base=replayed.before))]
    answer({"policy": subject, "state": "published", "replay": told}, as_json=as_json, text="\n".join(text))


@click.command("history")
@with_json
def history(as_json: bool) -> None:
    """Show every version of the rules, oldest first: who wrote it, who published it, and when.

    \b
    Examples:
      sluice policy history
      sluice policy history --json
    """
    from app.bootstrap import services
    from app.policy.versions import listed

    with services().store.reading() as connection:
        rows = [_row(version) for version in listed(connection)]
    columns = ("id", "state", "author", "approved_by", "published_at", "note")
    answer_rows(rows, columns, as_json=as_json, empty="There is no policy.")


@click.command("show")
@click.argument("source", metavar="POLICY")
@click.option("--write", type=click.Path(path_type=Path), help="Write standing.csv and rules.toml into this folder.")
@with_json
def show(source: str, write: Path | None, as_json: bool) -> None:
    """Show the rules of a policy in plain words, or write them as files to be changed and drafted.

    \b
    Examples:
      sluice policy show published
      sluice policy show published --write my-policy
    """
    from app.policy.rules_files import write_rules
    from app.policy.versions import content_of
    from app.policy.words import sentence

    standing = policy_named(source).standing
    if write is not None:
        write_rules(standing, write)
    lines = [f"{r.id}\n    {spoken(sentence(r))}" for r in standing.rules]
    text = "\n".join(lines) if write is None else f"{write}: {len(standing.rules)} rules"
    answer({"policy": standing.id, "sha256": standing.digest, **content_of(standing)}, as_json=as_json, text=text)


COMMANDS = (simulate, draft, submit, give_back, withdraw, publish, history, show)
"""The commands of `sluice policy` about versions."""


def _may_simulate(actor: Actor) -> None:
    """A replay shows what other operators' jobs use: it is for those who write rules or put them in force."""
    if not any(actor.may(permission) for permission in MAY_SIMULATE):
        raise Refusal(
            "not-permitted", person=actor.id, permission=" / ".join(MAY_SIMULATE), roles=", ".join(sorted(actor.roles))
        )


def _row(version: Version) -> dict[str, Any]:
    return {
        "id": version.id,
        "state": version.state,
        "author": version.author,
        "organization": version.organization,
        "approved_by": version.approved_by,
        "published_at": version.published_at[:16] + "Z" if version.published_at else None,
        "note": version.note,
        "based_on": version.based_on,
        "content_sha256": version.digest,
    }
