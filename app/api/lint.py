"""`POST /api/v1/lint`: what does a text use, may it run, and what would have to be applied for? Nothing runs.

It looks at the published catalog, which anyone may see, and at what the caller says it holds; no right comes from it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from flask import Blueprint, Flask, Response, current_app
from flask import json as flask_json

from app.api.bodies import body, problem
from app.catalog.entries import listed
from app.catalog.mounting import described
from app.domain.authorizations import PURPOSES
from app.domain.errors import Invalid, SluiceError
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
api.register_error_handler(SluiceError, problem)


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


def _asked() -> dict[str, Any]:
    """The body of the request; raises Invalid with every mistake."""
    asked = body("lint.schema.json", MAX_BYTES)
    if asked.get("purpose", "statistics") not in PURPOSES:
        raise Invalid("api-body", place="purpose", expected=" | ".join(sorted(PURPOSES)))
    return asked
