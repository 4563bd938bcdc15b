"""How does a recipient fetch a bundle with a browser? A page that shows what a link offers, and a button that takes it.

Opening the page uses nothing up, so that previews and scanners of mail cost nothing; only the button does.
"""

from __future__ import annotations

from flask import Blueprint, Flask, Response, current_app, render_template, send_file

from app.release.desk import HandingOut
from app.web import shield

downloads = Blueprint("downloads", __name__)


def install(server: Flask, desk: HandingOut) -> None:
    """Serve the pages from `server`."""
    server.extensions["sluice-downloads"] = desk
    server.register_blueprint(downloads)


@downloads.get("/fetch/<token>")
def offer_page(token: str) -> str:
    """What the link offers, with the button."""
    found = _desk().look(token)
    shield.allow_form()
    facts = [(name, value) for name, value in found.to_json().items() if name != "sha256"]
    return render_template("fetch.html", token=token, facts=facts, sha256=found.record.sha256)


@downloads.post("/fetch/<token>")
def take(token: str) -> Response:
    """The bundle, once."""
    found, bundle = _desk().redeem(token)
    return send_file(
        bundle, mimetype="application/zip", as_attachment=True, download_name=found.record.bundle, etag=False
    )


def _desk() -> HandingOut:
    desk: HandingOut = current_app.extensions["sluice-downloads"]
    return desk
