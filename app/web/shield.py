"""What may a browser do with our pages? The strictest headers that plain pages with one style sheet need."""

from __future__ import annotations

from flask import Flask, Response, g

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""No script, no inline style, no frame, no form, nothing from elsewhere."""

FORM_POLICY = POLICY.replace("form-action 'none'", "form-action 'self'")
"""The same for the few pages with a form, which leads to this server and nowhere else."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), interest-cohort=()",
}

HOSTS = ["127.0.0.1", "localhost", "[::1]"]
"""The names under which the server answers: a foreign page that points its own name here is refused."""


def install(app: Flask) -> None:
    """Send `HEADERS` with every answer, keep pages out of caches, answer only to `HOSTS`."""
    app.config["TRUSTED_HOSTS"] = HOSTS
    app.after_request(_shielded)


def allow_form() -> None:
    """Let the page of this request send a form to this server."""
    g.has_form = True


def _shielded(response: Response) -> Response:
    response.headers.update(HEADERS)
    if g.get("has_form"):
        response.headers["Content-Security-Policy"] = FORM_POLICY
    if response.mimetype != "text/css":
        response.headers["Cache-Control"] = "no-store"
    return response
