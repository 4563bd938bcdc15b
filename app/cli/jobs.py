"""`sluice job`, `sluice worker`: what does an operator want computed, and who computes it?"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.cli.template_options import with_values
from app.cli.terminal import acting, answer, answer_rows, who, with_json
from app.domain.errors import Broken, Invalid, Refusal, SluiceError, Unavailable
from app.domain.rules import told_range
from app.domain.template_runs import run_text
from app.domain.values import REPAIRS

if TYPE_CHECKING:
    from app.bootstrap import Services
    from app.casework import Casework
    from app.domain.people import Actor
    from app.jobs.records import JobRecord
    from app.jobs.submission import JobRequest
    from app.jobs.worker import Worker

COLUMNS = ("id", "state", "title", "authorization", "author", "revision", "output", "updated_at")
ENDED_BADLY: dict[str, type[SluiceError]] = {"refused": Refusal, "cancelled": Refusal, "failed": Invalid}
"""State of an ended job without an output → the branch of error whose exit code the command has."""


def _tables(_context: click.Context, _option: click.Parameter, values: tuple[str, ...]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for value in values:
        table, separator, file = value.partition("=")
        if not (separator and table and file):
            raise Invalid("job-enterprise-option", value=value)
        found[table] = Path(file)
    return found


@click.group()
def job_command() -> None:
    """Jobs: SQL under an authorization, checked at once, run apart, never seen before review.

    \b
    Examples:
      sluice job submit share.sql --authorization authorization-1f… --wait --as analyst-wang
      sluice job show job-3a… --as analyst-wang
      sluice job cancel job-3a… --as analyst-wang
    """


@job_command.command("submit")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--authorization", metavar="ID", help="The authorization to work under; a template has its own.")
@click.option("--template", metavar="ID", help="An approved template to run, in place of FILE.")
@with_values
@click.option("--enterprise", multiple=True, callback=_tables, metavar="TABLE=FILE", help="A table of your own.")
@click.option("--title", help="What the job is for; default: the name of the file or template.")
@click.option("--revises", metavar="JOB", help="The job that this one is a new version of.")
@click.option("--reproducible", is_flag=True, help="The same bytes every time, at some cost.")
@click.option("--repair", type=click.Choice(REPAIRS), help="What to do to the numbers, where the policy allows it.")
@click.option("--wait", is_flag=True, help="Wait until the job has ended; a worker must be running.")
@click.option("--timeout", default=600.0, show_default=True, metavar="SECONDS", help="How long to wait at most.")
@click.option("--ask-review", is_flag=True, help="With --wait: ask for the review as soon as there is an output.")
@acting
@with_json
def submit_job(
    *,
    file: Path | None,
    authorization: str | None,
    template: str | None,
    given: dict[str, str],
    enterprise: dict[str, Path],
    title: str | None,
    revises: str | None,
    reproducible: bool,
    repair: str | None,
    wait: bool,
    timeout: float,
    ask_review: bool,
    person: str | None,
    as_json: bool,
) -> None:
    """Submit the SELECT in FILE, or a run of a template. It is refused at once, with every reason, or queued.

    Exit codes: 0 queued, or with --wait awaiting review; 4 refused or cancelled; 1 failed; 5 still at work.

    \b
    Examples:
      sluice job submit share.sql --authorization authorization-1f… --as analyst-wang
      sluice job submit share.sql --authorization authorization-1f… --enterprise tow_station=stations.csv --wait
      sluice job submit --template template-4d… --set from_date=2025-01-01 --set period=day --as analyst-wang
    """
    from app.bootstrap import services
    from app.jobs.submission import decide, submit
    from app.review.voting import request_review

    running = services()
    actor = running.actor(who(person), "job:submit")
    request = replace(
        _asked(running, actor, file, authorization, template, given),
        enterprise=enterprise,
        reproducible=reproducible,
        repair=repair,
        revises=revises,
    )
    request = replace(request, title=title or request.title)
    job_id = submit(running.store, actor, request, running.new_id)
    with casework_of(running) as casework:
        record = decide(running.store, running.machine(), job_id, casework.check)
    if wait and record.state not in ENDED_BADLY:
        record = _wait(running, job_id, timeout, quiet=as_json)
    if ask_review and record.output is not None:
        request_review(running.store, actor, record.output)
    _tell(record, as_json=as_json)


def _asked(
    running: Services,
    actor: Actor,
    file: Path | None,
    authorization: str | None,
    template: str | None,
    given: dict[str, str],
) -> JobRequest:
    """What is asked for: a text of its own under an authorization, or a run of a template under the template's."""
    from app.jobs.submission import JobRequest
    from app.templates.records import load, may_see
    from app.templates.running import approved, run_of

    if (file is None) == (template is None) or (authorization is None) == (file is not None) or (given and file):
        raise click.UsageError("Name a FILE with --authorization, or a template with --template and --set.")
    if file is not None:
        return JobRequest(authorization=authorization or "", sql=_text(file), title=file.stem)
    with running.store.reading() as connection:
        may_see(actor, load(connection, template or ""))
        record = approved(connection, template or "")
    return JobRequest(
        authorization=record.authorization,
        sql=record.content.sql,
        title=record.name,
        template=run_of(record, given),
    )


@job_command.command("list")
@click.option("--all", "everybody", is_flag=True, help="Jobs of every operator; not for operators.")
@click.option("--limit", default=50, show_default=True, help="At most so many.")
@acting
@with_json
def list_jobs(everybody: bool, limit: int, person: str | None, as_json: bool) -> None:
    """Show the jobs of your organization, the newest first.

    \b
    Examples:
      sluice job list --as analyst-wang
      sluice job list --all --as regulator-zhao
    """
    from app.bootstrap import services
    from app.jobs.records import listed

    running = services()
    actor = running.actor(who(person))
    only = None if everybody and actor.side != "use" else actor.organization
    with running.store.reading() as connection:
        rows = [job_row(r) for r in listed(connection, operator=only, limit=limit)]
    answer_rows(rows, COLUMNS, as_json=as_json, empty="There is no job.")


@job_command.command("show")
@click.argument("job_id", metavar="JOB")
@acting
@with_json
def show_job(job_id: str, person: str | None, as_json: bool) -> None:
    """Show where JOB stands: its state, how far it is, counts and findings; no value of its result.

    \b
    Examples:
      sluice job show job-3a… --as analyst-wang
    """
    from app.bootstrap import services
    from app.jobs.records import load
    from app.jobs.submission import may_see

    running = services()
    actor = running.actor(who(person))
    with running.store.reading() as connection:
        record = load(connection, job_id)
    may_see(actor, record)
    value = {**job_row(record), "sql": record.sql}
    answer(value, as_json=as_json, text=_lines(record) + "\n" + record.sql.rstrip())


@job_command.command("cancel")
@click.argument("job_id", metavar="JOB")
@acting
@with_json
def cancel_job(job_id: str, person: str | None, as_json: bool) -> None:
    """Cancel JOB: at once when it waits, within a second or so when it runs.

    \b
    Examples:
      sluice job cancel job-3a… --as analyst-wang
    """
    from app.bootstrap import services
    from app.jobs.lease import cancel

    running = services()
    record = cancel(running.store, running.actor(who(person), "job:cancel"), job_id)
    text = f"{job_id}: {'cancelled' if record.state == 'cancelled' else 'asked to stop'}"
    answer(job_row(record), as_json=as_json, text=text)


_LEFT_ASIDE_SECONDS = 3600
"""Bundles left aside this long belong to no release that is being made."""


@click.group()
def worker_command() -> None:
    """The worker: takes queued jobs and runs each in a confined process, several at once. So may several workers.

    \b
    Examples:
      sluice worker run
      sluice worker run --jobs 2 --drain
    """


@worker_command.command("run")
@click.option("--jobs", type=click.IntRange(min=1), metavar="N", help="Jobs at once; default: what the machine holds.")
@click.option("--once", is_flag=True, help="Run at most one job.")
@click.option("--drain", is_flag=True, help="Stop when no job waits.")
@click.option("--name", help="Name of this worker in leases; default: its process.")
@with_json
def run(jobs: int | None, once: bool, drain: bool, name: str | None, as_json: bool) -> None:
    """Run jobs until stopped; SIGTERM lets the present jobs finish, a second one gives them back to the queue.

    \b
    Examples:
      sluice worker run
      sluice worker run --jobs 4
      sluice worker run --drain --json
    """
    import os

    from app.bootstrap import services
    from app.jobs.worker import run_worker
    from app.release.records import tidy

    running = services()
    ended: list[dict[str, str]] = []

    def note(record: JobRecord, ending: str) -> None:
        ended.append({"job": record.id, "ending": ending})
        if not as_json:
            click.echo(f"{record.id}: {ending}")

    with casework_of(running) as casework:
        at_once = jobs or casework.engine.launcher.places
        worker = _worker(running, casework, name or f"worker-{os.uname().nodename}-{os.getpid()}", at_once)
        _stop_on_signals(worker.stop, worker.abandon)
        tidy(running.store, running.config.home / "releases", older_than=time.time() - _LEFT_ASIDE_SECONDS)
        count = run_worker(worker, once=once, drain=drain, ended=note)
    answer({"jobs": count, "ended": ended}, as_json=as_json, text=f"{count} jobs run")


def _worker(running: Services, casework: Casework, name: str, at_once: int) -> Worker:
    from app.authorization.grants import expire_due
    from app.jobs.worker import Worker

    machine = running.machine()
    return Worker(
        name=name,
        store=running.store,
        machine=machine,
        quarantine=running.config.home / "quarantine",
        execute=casework.execute,
        check=casework.check,
        in_force=casework.in_force,
        register=casework.register,
        new_id=running.new_id,
        chores=(partial(expire_due, running.store, machine),),
        at_once=at_once,
    )


def _stop_on_signals(stop: threading.Event, abandon: threading.Event) -> None:
    def asked(_number: int, _frame: object) -> None:
        if stop.is_set():
            abandon.set()
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, asked)


@contextmanager
def casework_of(running: Services) -> Iterator[Casework]:
    """The doors between queue and people over the deployment, with a launcher of its own."""
    from app.casework import Casework
    from app.engine import Engine
    from sandbox.launcher import Launcher

    settings = running.config
    with Launcher(places=settings.home / "places") as launcher:
        engine = Engine.load(settings.policies, launcher, require_isolation=settings.require_isolation)
        yield Casework(
            store=running.store,
            engine=engine,
            home=settings.home,
            keys=settings.keys,
            clock=running.clock,
            machine=running.machine(),
        )


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid("job-sql-unreadable", file=file) from error


def _wait(running: Services, job_id: str, timeout: float, *, quiet: bool) -> JobRecord:
    """The job once it has ended, with its state on the terminal meanwhile."""
    from rich.console import Console

    from app.jobs.records import ENDED, load

    end = time.monotonic() + timeout
    console = Console(stderr=True, quiet=quiet or not sys.stderr.isatty())
    with console.status("submitted") as status:
        while True:
            with running.store.reading() as connection:
                record = load(connection, job_id)
            status.update(f"{job_id}: {record.progress.text() if record.progress else record.state}")
            if record.state in ENDED:
                return record
            if time.monotonic() > end:
                raise Unavailable("job-wait-timeout", job=job_id, seconds=f"{timeout:g}", state=record.state)
            time.sleep(0.1)


def _tell(record: JobRecord, *, as_json: bool) -> None:
    """Show the job, and leave with the exit code of its ending."""
    if record.state not in ENDED_BADLY:
        answer(job_row(record), as_json=as_json, text=_lines(record))
        return
    answer(job_row(record), as_json=as_json, text=f"{record.id}: {record.state}")
    if record.findings:
        branch = Broken if record.findings[0].code == "job-broken" else ENDED_BADLY[record.state]
        raise branch(record.findings[0], *record.findings[1:])
    raise ENDED_BADLY[record.state]("job-cancel-requested", job=record.id)


def job_row(record: JobRecord) -> dict[str, Any]:
    """A job as plain data: what its operator may know."""
    return {
        "id": record.id,
        "state": record.state,
        "title": record.title,
        "authorization": record.authorization,
        "author": record.author,
        "revision": record.revision,
        "revises": record.revises,
        "attempts": record.attempts,
        "template": record.template.told() if record.template else None,
        "output": record.output,
        "progress": record.progress.told() if record.progress else None,
        "result": dict(record.result),
        "findings": [f.to_json() for f in record.findings],
        "submitted_at": record.submitted_at,
        "updated_at": record.updated_at,
    }


def _lines(record: JobRecord) -> str:
    lines = [f"{record.id}: {record.state}  ({record.title}, version {record.revision}, by {record.author})"]
    if record.template is not None:
        lines.append(run_text(record.template.told()))
    if record.progress is not None:
        lines.append(record.progress.text())
    if record.output:
        result = record.result
        lines.append(
            f"output {record.output}: {result['rows']} rows, {told_range(result['suppressed'])} cells suppressed, "
            f"{told_range(result['stopped_by_firewall'])} stopped by the firewall ({result['decision']})"
        )
    for finding in record.findings:
        place = f" (line {finding.position.line}, column {finding.position.column})" if finding.position else ""
        lines.append(f"{finding.code}{place}: {finding.message().en} {finding.remedy().en}")
    return "\n".join(lines)
