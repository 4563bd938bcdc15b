"""How does gunicorn serve the pages? The one module that imports it."""

from __future__ import annotations

from flask import Flask
from gunicorn.app.base import BaseApplication


class _Server(BaseApplication):  # type: ignore[misc]  # gunicorn carries no types
    """Gunicorn with settings of ours and none from files or the environment."""

    def __init__(self, server: Flask, settings: dict[str, object]) -> None:
        self._server, self._settings = server, settings
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._settings.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return self._server


def serve(server: Flask, *, bind: str, threads: int) -> None:
    """Serve until stopped, in one process with `threads` threads."""
    settings = {"bind": bind, "workers": 1, "threads": threads, "worker_class": "gthread", "accesslog": None}
    _Server(server, settings).run()
