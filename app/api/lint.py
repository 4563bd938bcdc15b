"""`POST /api/v1/lint`: what does a text use, may it run, and what would have to be applied for? Nothing runs.

It looks at the published catalog, which anyone may see, and at what the caller says it holds; no right comes from it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any

import jsonschema
from flask import Blueprint, Flask, Response, current_app, request
from flask import json as flask_json

from app.catalog.entries import listed
from app.catalog.mounting import described
from app.domain.authorizations import PURPOSES
from app.domain.errors import Finding, Invalid, SluiceError
from app.domain.ports import Clock
from app.engine import Engine
from app.lint import Draft, Linted, lint
from app.policy.conditions import Context
from app.policy.grants import Uses, collect
from app.policy.uses_file import read_uses
from app.policy.versions import InForce
from app.store.sessions import Store

MAX_BYTES = 1 << 19
"""Of a request: a text at its own limit, and what is held of a large catalog."""

api = Blueprint("lint", __name__)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """What lint needs of a deployment; `engine` starts no sandbox."""

    store: Store
    engine: Engine
    clock: Clock
    policies: InForce = field(default_factory=InForce)

    def look(self, asked: dict[str, Any]) -> Linted:
        """Lint a checked request; raises Invalid for what it says it holds."""
        with self.store.reading() as connection:
            entries = tuple(found.entry for found in listed(connection) if found.state == "published")
            standing = self.policies.standing(connection, self.engine.standing.model)
        datasets = tuple(map(described, entries))
        held = read_uses({"uses": asked["uses"]}, datasets, file="request") if "uses" in asked else collect(())
        return lint(replace(self.engine, standing=standing), _draft(asked, datasets, held, self.clock))


def _draft(asked: dict[str, Any], datasets: tuple[Any, ...], held: Uses, clock: Clock) -> Draft:
    return Draft(
        sql=asked["sql"], datasets=datasets, held=held, context=Context(now=clock(), purpose=asked.get("purpose"))
    )


def install(server: Flask, desk: Desk) -> None:
    """Serve the API from `server`."""
    server.extensions["sluice-lint"] = desk
    server.register_blueprint(api)


@api.post("/api/v1/lint")
def lint_text() -> Response:
    """Everything that `sluice lint --json` says of the text in the request."""
    desk: Desk = current_app.extensions["sluice-lint"]
    return Response(flask_json.dumps(desk.look(_asked()).to_json()), mimetype="application/json")


@api.errorhandler(SluiceError)
def _problem(error: SluiceError) -> tuple[Response, int]:
    """An error as a problem of RFC 9457, with every finding."""
    status = error.http_status
    problem = {
        "type": "about:blank",
        "status": status,
        "title": HTTPStatus(status).phrase,
        "detail": str(error),
        "findings": [f.to_json() for f in error.findings],
    }
    return Response(flask_json.dumps(problem), mimetype="application/problem+json"), status


def _asked() -> dict[str, Any]:
    """The body of the request, of the schema's shape; raises Invalid with every mistake."""
    request.max_content_length = MAX_BYTES
    if request.mimetype != "application/json":
        raise Invalid("api-body", place="Content-Type", expected="application/json")
    if request.content_length is None or request.content_length > MAX_BYTES:
        raise Invalid("api-body", place="Content-Length", expected=f"0 … {MAX_BYTES}")
    try:
        body = json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError):
        raise Invalid("api-body", place="(document)", expected="JSON, UTF-8") from None
    wrong = [_finding(e) for e in _validator().iter_errors(body)]
    if not wrong and body.get("purpose", "statistics") not in PURPOSES:
        wrong = [_told("purpose", " | ".join(sorted(PURPOSES)))]
    if wrong:
        raise Invalid(*wrong)
    return dict(body)


def _finding(error: jsonschema.ValidationError) -> Finding:
    place = ".".join(map(str, error.absolute_path)) or "(document)"
    return _told(place, f"{error.validator}: {json.dumps(error.validator_value)}")


def _told(place: str, expected: str) -> Finding:
    return Finding(code="api-body", params=(("place", place), ("expected", expected)))


@cache
def _validator() -> jsonschema.Draft202012Validator:
    text = files("app.api").joinpath("lint.schema.json").read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))
