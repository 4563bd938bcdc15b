"""How is the web server put together? Pages, language, shield and error pages over one store."""

from __future__ import annotations

import logging
from http import HTTPStatus

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException, SecurityError

from app.domain.errors import SluiceError
from app.store.sessions import Store
from app.web import language, shield
from app.web.pages import pages
from app.web.views import finding_view

_log = logging.getLogger(__name__)

KINDS = {400: "bad-request", 403: "refused", 404: "not-found", 405: "not-allowed", 503: "unavailable"}
"""HTTP status → the key of the error page's texts; anything else is "broken"."""


def create_server(store: Store) -> Flask:
    """The WSGI application over `store`."""
    server = Flask("app.web")
    server.extensions["sluice-store"] = store
    server.jinja_env.trim_blocks = server.jinja_env.lstrip_blocks = True
    language.install(server)
    shield.install(server)
    server.register_blueprint(pages)
    server.register_error_handler(HTTPException, _http_error)
    server.register_error_handler(SecurityError, _foreign_host)
    server.register_error_handler(SluiceError, _our_error)
    server.register_error_handler(Exception, _unforeseen)
    return server


def _http_error(error: HTTPException) -> tuple[str | Response, int]:
    return _error(error.code or 500)


def _foreign_host(_error: SecurityError) -> tuple[Response, int]:
    """A name that is not ours has no addresses to link to: a plain sentence instead of a page."""
    return Response(
        "This server answers only under its own name. 本服务只以自己的名称应答。\n", mimetype="text/plain"
    ), 400


def _our_error(error: SluiceError) -> tuple[str | Response, int]:
    return _error(error.http_status, error)


def _unforeseen(error: Exception) -> tuple[str | Response, int]:
    _log.error("%s broke: %s", request.endpoint, type(error).__name__)  # its text may hold values
    return _error(500)


def _error(status: int, error: SluiceError | None = None) -> tuple[str | Response, int]:
    findings = error.findings if error else ()
    if request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        title = HTTPStatus(status).phrase
        return jsonify({"status": status, "title": title, "findings": [f.to_json() for f in findings]}), status
    views = [finding_view(f) for f in findings]
    return render_template("error.html", kind=KINDS.get(status, "broken"), findings=views), status
