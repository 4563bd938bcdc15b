"""Which pages may anyone see? The catalog, one job by its number, the ledger: read, arrange, render; no values."""

from __future__ import annotations

from flask import Blueprint, Response, abort, current_app, jsonify, render_template, request
from sqlalchemy import ColumnElement, Connection, Table, func, select

from app.catalog import entries as catalog
from app.domain.errors import Refusal
from app.domain.values import Level
from app.jobs import records as jobs
from app.ledger import journal
from app.store.account import account
from app.store.sessions import Store
from app.store.tables import catalog_entry, job, release
from app.web import health
from app.web.views import dataset_view, entry_view, job_json, job_view, ledger_view

PAGE = 50
"""Ledger entries on one page."""

GATES = ("catalog", "authorization", "policy", "sandbox", "disclosure", "review", "release", "ledger")

pages = Blueprint("pages", __name__)


def store() -> Store:
    """The store of this server."""
    found: Store = current_app.extensions["sluice-store"]
    return found


@pages.get("/healthz")
def healthz() -> dict[str, str]:
    """Liveness: the process answers."""
    return {"status": "alive"}


@pages.get("/readyz")
def readyz() -> tuple[Response, int]:
    """Readiness: the database can be read and the ledger's newest entries hold together."""
    checks = health.checks(store())
    ready = all(checks.values())
    return jsonify({"status": "ready" if ready else "not ready", "checks": checks}), 200 if ready else 503


@pages.get("/")
def home() -> str:
    """The first page: what this is, in figures and gates."""
    with store().reading() as connection:
        figures = (
            ("datasets", _count(connection, catalog_entry, catalog_entry.c.state == "published")),
            ("jobs", _count(connection, job)),
            ("releases", _count(connection, release)),
            ("entries", journal.size(connection)),
        )
    return render_template("home.html", figures=figures, gates=GATES)


@pages.get("/catalog")
def catalog_list() -> str:
    """Every published data set."""
    with store().reading() as connection:
        found = [entry_view(e) for e in catalog.listed(connection) if e.state == "published"]
    return render_template("catalog.html", entries=found)


@pages.get("/catalog/<name>")
def catalog_entry_page(name: str) -> str:
    """One published data set with its fields, levels and units of measure."""
    with store().reading() as connection:
        found = next((e for e in catalog.listed(connection) if e.state == "published" and e.entry.name == name), None)
    if found is None:
        abort(404)
    entry, facts = dataset_view(found)
    return render_template("dataset.html", entry=entry, facts=facts, levels=list(Level))


@pages.get("/jobs/<job_id>")
def job_page(job_id: str) -> str | Response:
    """The status of one job, for whoever knows its number; as JSON when asked for."""
    try:
        with store().reading() as connection:
            record = jobs.load(connection, job_id)
    except Refusal:
        abort(404)
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return jsonify(job_json(record))
    return render_template("job.html", job=job_view(record))


@pages.get("/ledger")
def ledger() -> str:
    """The newest entries of the ledger, or those before the entry `?before=`, under the newest signed checkpoint."""
    before = _before()
    with store().reading() as connection:
        size = journal.size(connection)
        end = size if before is None else min(before, size)
        start = max(0, end - PAGE)
        found = list(journal.entries(connection, start=start, limit=end - start)) if end else []
        view = ledger_view(connection, found)
        notes = journal.checkpoints(connection)
    return render_template(
        "ledger.html",
        entries=view,
        checkpoint=notes[-1] if notes else None,
        older=start or None,
        newer=end < size,
    )


@pages.get("/account")
def account_page() -> str:
    """The account (一本账): resources, uses, parties and counts, as far as there is something to count."""
    with store().reading() as connection:
        parts = account(connection)
    return render_template("account.html", parts=parts)


def _before() -> int | None:
    text = request.args.get("before")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 15:
        abort(400)
    return int(text)


def _count(connection: Connection, table: Table, *where: ColumnElement[bool]) -> int:
    return int(connection.execute(select(func.count()).select_from(table).where(*where)).scalar_one())
