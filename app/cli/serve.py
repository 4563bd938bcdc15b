"""`sluice serve`: which pages does this machine show, and through which server?"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from flask import Flask

HOST = "127.0.0.1"
"""There is no login yet: only this machine may look."""


@click.command()
@click.option("--port", default=8340, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--gunicorn", "production", is_flag=True, help="Serve through gunicorn instead of the demo server.")
@click.option("--threads", default=4, show_default=True, type=click.IntRange(1, 64), help="Threads of gunicorn.")
def serve_command(port: int, production: bool, threads: int) -> None:
    """Show health, catalog, job status and ledger on 127.0.0.1; public metadata only, no value of any data.

    POST /api/v1/lint answers what `sluice lint --json` does, over the published catalog. A link made with `sluice
    release link` is fetched once at /fetch/… or with POST /api/v1/releases/fetch.

    \b
    Examples:
      sluice serve
      sluice serve --port 8000 --gunicorn
    """
    from app.api import lint, releases
    from app.bootstrap import services
    from app.engine import Engine
    from app.identity.register import doorkeeper
    from app.release.desk import HandingOut
    from app.web import downloads
    from app.web.server import create_server
    from sandbox.launcher import Launcher

    running = services()
    server = create_server(running.store)
    launcher = Launcher()  # it starts nothing: nothing that is asked here runs
    engine = Engine.load(running.config.policies, launcher, require_isolation=running.config.require_isolation)
    lint.install(server, lint.Desk(store=running.store, engine=engine, clock=running.clock))
    handing = HandingOut(store=running.store, releases=running.config.home / "releases", doorkeeper=doorkeeper())
    downloads.install(server, handing)
    releases.install(server, handing)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    if production:
        _gunicorn(server, port, threads)
    else:
        _werkzeug(server, port)


def _werkzeug(server: Flask, port: int) -> None:
    import signal

    from werkzeug.serving import make_server

    listener = make_server(HOST, port, server, threaded=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    click.echo(f"http://{HOST}:{listener.server_port}/  (Ctrl-C stops)")
    try:
        listener.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        listener.server_close()


def _gunicorn(server: Flask, port: int, threads: int) -> None:
    from app.web.gunicorn_server import serve

    click.echo(f"http://{HOST}:{port}/")
    serve(server, bind=f"{HOST}:{port}", threads=threads)
