"""`sluice review`: what waits for a decision, what does a reviewer see, and how do reviewers decide?"""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Any

import click

from app.cli.terminal import acting, answer, answer_rows, who, with_json
from app.domain.rules import told_number

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.domain.people import Actor
    from app.domain.report_view import CellsAsked
    from app.review.outputs import OutputRecord
    from app.review.pages import PageAsked, ResultPage

COLUMNS = ("id", "state", "title", "operator", "level", "rows", "suppressed", "reviewers", "waiting_since")
STATES = ("quarantined", "in_review", "approved", "changes_requested", "rejected", "released", "recalled")


@click.group()
def review_command() -> None:
    """Review of outputs: independent people look at the evidence and decide, blind to one another.

    \b
    Examples:
      sluice review list --as reviewer-sun
      sluice review show output-5c… --as reviewer-sun
      sluice review approve output-5c… --as reviewer-sun
    """


@review_command.command("request")
@click.argument("output_id", metavar="OUTPUT")
@acting
@with_json
def request(output_id: str, person: str | None, as_json: bool) -> None:
    """Ask, as its operator, that OUTPUT be reviewed.

    \b
    Examples:
      sluice review request output-5c… --as analyst-wang
    """
    from app.bootstrap import services
    from app.review.voting import request_review

    running = services()
    actor = running.actor(who(person), "output:request_review")
    record = request_review(running.store, actor, output_id)
    text = f"{output_id}: {record.state}, needs {record.needed} reviewer(s)"
    answer(_row(record, actor), as_json=as_json, text=text)


@review_command.command("list")
@click.option("--state", "states", multiple=True, type=click.Choice(STATES), help="Default: in_review.")
@acting
@with_json
def list_outputs(states: tuple[str, ...], person: str | None, as_json: bool) -> None:
    """Show the queue, the longest waiting first; an operator sees its own outputs only.

    \b
    Examples:
      sluice review list --as reviewer-sun
      sluice review list --state approved --state released --as reviewer-sun
    """
    from app.bootstrap import services
    from app.review.outputs import listed
    from app.review.rules import may_review

    running = services()
    actor = running.actor(who(person))
    with running.store.reading() as connection:
        found = listed(connection, states=states or ("in_review",))
    own = [r for r in found if actor.side != "use" or actor.organization == r.operator]
    rows = [{**_row(r, actor), "may_review": may_review(actor, r)} for r in own]
    answer_rows(rows, COLUMNS, as_json=as_json, empty="Nothing waits for review.")


@review_command.command("show")
@click.argument("output_id", metavar="OUTPUT")
@click.option("--rows", default=20, show_default=True, help="At most so many rows of the result, up to 1000.")
@click.option("--offset", default=0, show_default=True, help="Rows of the result to skip.")
@click.option("--order-by", metavar="COLUMN", help="Sort by this column, missing values last.")
@click.option("--desc", "descending", is_flag=True, help="Sort from the largest value down.")
@click.option("--columns", metavar="A,B", default="", help="Show these columns only.")
@click.option("--cells", default=50, show_default=True, help="At most so many cells of the evidence, up to 1000.")
@click.option("--cells-offset", default=0, show_default=True, help="Cells of the evidence to skip.")
@click.option("--verdict", metavar="NAME", help="Show cells with this verdict only, such as near-released.")
@acting
@with_json
def show(
    output_id: str,
    *,
    rows: int,
    offset: int,
    order_by: str | None,
    descending: bool,
    columns: str,
    cells: int,
    cells_offset: int,
    verdict: str | None,
    person: str | None,
    as_json: bool,
) -> None:
    """Show OUTPUT: the report in plain words, and which fields its columns are made of.

    For reviewers also the evidence of its cells, earlier releases that they come near to, rows, SQL and uses. An
    operator sees codes and counts only, and of other operators' releases that there is one. Rows are read by a
    confined process, never by this one.

    \b
    Examples:
      sluice review show output-5c… --as reviewer-sun
      sluice review show output-5c… --rows 100 --offset 100 --json --as reviewer-sun
      sluice review show output-5c… --verdict near-released --cells 200 --as reviewer-sun
      sluice review show output-5c… --order-by flights --desc --columns carrier,flights --as reviewer-sun
    """
    from app.bootstrap import services
    from app.domain.report_view import CellsAsked
    from app.review.outputs import load, may_see
    from app.review.pages import PageAsked

    running = services()
    actor = running.actor(who(person))
    with running.store.reading() as connection:
        record = load(connection, output_id)
    may_see(actor, record)
    chosen = tuple(name for line in csv.reader([columns]) for name in line)
    asked = PageAsked(rows=rows, offset=offset, order_by=order_by, descending=descending, columns=chosen)
    evidence = CellsAsked(offset=max(0, cells_offset), limit=cells, verdict=verdict)
    value = _shown(running, actor, record, asked, evidence)
    if as_json:
        answer(value, as_json=True, text="")
    else:
        from app.cli.report_text import print_report

        print_report(value)


def _shown(
    running: Services, actor: Actor, record: OutputRecord, asked: PageAsked, cells: CellsAsked
) -> dict[str, Any]:
    """What `actor` may see of an output, as plain data."""
    from dataclasses import asdict

    from app.domain.report_view import operators_view, reviewers_view
    from app.review.earlier import earlier
    from app.review.outputs import may_see_evidence, votes_shown_to
    from app.review.rules import may_review

    report, evidence = record.report, may_see_evidence(actor)
    with running.store.reading() as connection:
        known = earlier(connection, [name for name, _ in report.near])
    seen = reviewers_view(report, known, cells) if evidence else operators_view(report, known, record.operator)
    value = {
        **_row(record, actor),
        "template": record.template.told() if record.template else None,
        "report": seen,
        "votes": [asdict(v) for v in votes_shown_to(actor, record)],
        "may_review": may_review(actor, record),
    }
    if evidence:
        page = _page(running, record, asked)
        value |= {
            "sql": record.sql,
            "uses": [dict(u) for u in record.uses],
            "table": page.records(),
            "page": {"offset": page.offset, "rows": len(page.rows), "total": page.total},
        }
    return value


def _page(running: Services, record: OutputRecord, asked: PageAsked) -> ResultPage:
    """Rows of the result, read in the sandbox."""
    from app.casework import Casework
    from app.engine import Engine
    from sandbox.launcher import Launcher

    settings = running.config
    with Launcher(places=settings.home / "places") as launcher:
        engine = Engine.load(settings.policies, launcher, require_isolation=settings.require_isolation)
        casework = Casework(
            store=running.store, engine=engine, home=settings.home, keys=settings.keys, clock=running.clock
        )
        return casework.page(record, asked)


@review_command.command("claim")
@click.argument("output_id", metavar="OUTPUT")
@acting
@with_json
def claim_output(output_id: str, person: str | None, as_json: bool) -> None:
    """Take a seat in the review of OUTPUT, so that others see that somebody looks at it.

    \b
    Examples:
      sluice review claim output-5c… --as reviewer-sun
    """
    from app.bootstrap import services
    from app.review.voting import claim

    running = services()
    actor = running.actor(who(person), "output:review")
    record = claim(running.store, actor, output_id)
    answer(_row(record, actor), as_json=as_json, text=f"{output_id}: claimed ({_seats(record)})")


@review_command.command("approve")
@click.argument("output_id", metavar="OUTPUT")
@click.option("--reason", default="", help="Why; optional for an approval.")
@acting
@with_json
def approve(output_id: str, reason: str, person: str | None, as_json: bool) -> None:
    """Vote that OUTPUT may leave.

    \b
    Examples:
      sluice review approve output-5c… --as reviewer-sun
    """
    _vote("approve", output_id, reason, person, as_json=as_json)


@review_command.command("reject")
@click.argument("output_id", metavar="OUTPUT")
@click.option("--reason", default="", help="Why; required.")
@acting
@with_json
def reject(output_id: str, reason: str, person: str | None, as_json: bool) -> None:
    """Vote that OUTPUT may not leave; one such vote decides.

    \b
    Examples:
      sluice review reject output-5c… --reason "segments of one exit only" --as reviewer-sun
    """
    _vote("reject", output_id, reason, person, as_json=as_json)


@review_command.command("request-changes")
@click.argument("output_id", metavar="OUTPUT")
@click.option("--reason", default="", help="What to change; required.")
@acting
@with_json
def request_changes(output_id: str, reason: str, person: str | None, as_json: bool) -> None:
    """Vote that OUTPUT may leave only after changes; the author submits a new version of the job.

    \b
    Examples:
      sluice review request-changes output-5c… --reason "merge the night hours" --as reviewer-sun
    """
    _vote("request_changes", output_id, reason, person, as_json=as_json)


def _vote(choice: str, output_id: str, reason: str, person: str | None, *, as_json: bool) -> None:
    from app.bootstrap import services
    from app.review.voting import Choice, cast

    running = services()
    actor = running.actor(who(person), "output:review")
    record = cast(running.store, actor, output_id, Choice(choice), reason)
    answer(_row(record, actor), as_json=as_json, text=f"{output_id}: {record.state} ({_seats(record)})")


def _seats(record: OutputRecord) -> str:
    return f"{len(record.votes)} of {record.needed} votes"


def _row(record: OutputRecord, actor: Actor) -> dict[str, Any]:
    from app.review.outputs import may_see_evidence

    exact, report = may_see_evidence(actor), record.report
    return {
        "id": record.id,
        "state": record.state,
        "job": record.job,
        "title": record.title,
        "operator": record.operator,
        "author": record.author,
        "level": record.level,
        "rows": report.rows,
        "suppressed": report.suppressed if exact else told_number(report.suppressed),
        "stopped_by_firewall": report.stopped_by_firewall if exact else told_number(report.stopped_by_firewall),
        "reviewers": f"{len(record.votes)}/{record.needed}",
        "report_hash": record.report_hash,
        "waiting_since": record.updated_at,
    }
