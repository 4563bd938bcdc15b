"""In which language is a page shown, and what are its words?

The language is that of `?lang=` (zh or en), else what the browser prefers. The one module that imports Flask-Babel.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from flask import Flask, request, url_for
from flask_babel import Babel, format_decimal

from app.domain.values import Bilingual

LANGUAGES = ("zh", "en")


@cache
def texts() -> dict[str, Bilingual]:
    """Every text of the pages under its key.

    Raises ValueError when one lacks a language.
    """
    found = tomllib.loads(files("app.web").joinpath("texts.toml").read_text(encoding="utf-8"))
    lacking = [key for key, text in found.items() if set(text) != set(LANGUAGES)]
    if lacking:
        raise ValueError(f"texts without both languages: {lacking}")
    return {key: Bilingual(**text) for key, text in found.items()}


def language() -> str:
    """The language of the current request."""
    asked = request.args.get("lang")
    if asked in LANGUAGES:
        return asked
    return request.accept_languages.best_match(LANGUAGES) or "zh"


def translate(key: str, **values: object) -> str:
    """The text called `key` in the language of the request, its fields filled with `values`."""
    return texts()[key].in_language(language()).format_map(values)


def install(app: Flask) -> None:
    """Give the templates their words: `t`, `lang`, `other_language_url`, and the filters `own` and `number`."""
    Babel(app, default_locale="zh", locale_selector=language)
    app.jinja_env.filters["own"] = _own
    app.jinja_env.filters["number"] = format_decimal
    app.context_processor(_words)
    app.url_defaults(_keep_language)


def _words() -> dict[str, object]:
    return {"t": translate, "lang": language(), "other_language_url": _other_language_url}


def _own(text: Bilingual | str) -> str:
    return text if isinstance(text, str) else text.in_language(language())


def _other_language_url() -> str:
    other = "en" if language() == "zh" else "zh"
    if request.endpoint is None:
        return url_for("pages.home", lang=other)
    arguments = {**request.args.to_dict(), **(request.view_args or {}), "lang": other}
    return url_for(request.endpoint, **arguments)


def _keep_language(endpoint: str, values: dict[str, object]) -> None:
    """A language chosen once by `?lang=` stays in the links of the page."""
    if endpoint.startswith(("pages.", "downloads.")) and request.args.get("lang") in LANGUAGES:
        values.setdefault("lang", request.args["lang"])
