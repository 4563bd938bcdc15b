"""What does a bundle say to a reader without any program? Its report as a page, one file per language.

The page stands alone: no script, nothing from elsewhere, one style that its own policy names by hash.
"""

from __future__ import annotations

import base64
import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

LANGUAGES = ("zh", "en")


def report_page(
    language: str,
    *,
    facts: Iterable[tuple[str, object]],
    marks: Mapping[str, str],
    report: Mapping[str, Any],
    dictionary: Iterable[Mapping[str, Any]],
    omitted: Iterable[Mapping[str, Any]],
) -> bytes:
    """The page in `language`.

    `facts` are (key of a text, value); `report` is what `operators_view` shows; `marks` name release and watermark.
    """
    style = _read("report.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    page = _environment().get_template("report.html")
    return page.render(
        lang=language,
        t={key: text[language] for key, text in _texts().items()},
        style=style,
        style_hash=f"sha256-{digest}",
        facts=list(facts),
        marks=marks,
        report=report,
        dictionary=list(dictionary),
        omitted=list(omitted),
    ).encode()


def _read(name: str) -> str:
    return files("app.release").joinpath("pages", name).read_text(encoding="utf-8")


@cache
def _texts() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = tomllib.loads(_read("texts.toml"))
    return found


@cache
def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(_read), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
