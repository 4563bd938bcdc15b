"""`POST /api/v1/releases/look` and `/fetch`: what does a token offer, and how is its bundle fetched, once?

A token is the whole right: it names one release, works once, and stands in the body, never in an address that is
logged. `GET /api/v1/recalls` is the signed list of recalls, for anyone.
"""

from __future__ import annotations

import base64

from flask import Blueprint, Flask, Response, current_app, send_file
from flask import json as flask_json

from app.api.bodies import body, problem
from app.domain.errors import SluiceError, Unavailable
from app.release.desk import HandingOut
from app.release.recalls import LIST_FILE

MAX_BYTES = 1 << 10

api = Blueprint("releases", __name__)
api.register_error_handler(SluiceError, problem)


def install(server: Flask, desk: HandingOut) -> None:
    """Serve the API from `server`."""
    server.extensions["sluice-releases"] = desk
    server.register_blueprint(api)


@api.post("/api/v1/releases/look")
def look_at() -> Response:
    """What the token offers; it still works afterwards."""
    return Response(flask_json.dumps(_desk().look(_token()).to_json()), mimetype="application/json")


@api.post("/api/v1/releases/fetch")
def fetch() -> Response:
    """The bundle, once; `Repr-Digest` (RFC 9530) is its SHA-256."""
    offer, bundle = _desk().redeem(_token())
    answer = send_file(
        bundle, mimetype="application/zip", as_attachment=True, download_name=offer.record.bundle, etag=False
    )
    digest = base64.b64encode(bytes.fromhex(offer.record.sha256)).decode()
    answer.headers["Repr-Digest"] = f"sha-256=:{digest}:"
    return answer


@api.get("/api/v1/recalls")
def recalls() -> Response:
    """The newest signed list of recalls, as `sluice verify --recalled` takes it."""
    file = _desk().releases / LIST_FILE
    if not file.is_file():
        raise Unavailable("recall-list-none")
    return send_file(file, mimetype="application/json", etag=False)


def _desk() -> HandingOut:
    desk: HandingOut = current_app.extensions["sluice-releases"]
    return desk


def _token() -> str:
    return str(body("token.schema.json", MAX_BYTES)["token"])
