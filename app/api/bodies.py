"""How does the API read a request, and how does it say no? JSON of a schema in, problems of RFC 9457 out."""

from __future__ import annotations

import json
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any

import jsonschema
from flask import Response, request
from flask import json as flask_json

from app.domain.errors import Finding, Invalid, SluiceError


def problem(error: SluiceError) -> tuple[Response, int]:
    """An error as a problem, with every finding."""
    status = error.http_status
    told = {
        "type": "about:blank",
        "status": status,
        "title": HTTPStatus(status).phrase,
        "detail": str(error),
        "findings": [f.to_json() for f in error.findings],
    }
    return Response(flask_json.dumps(told), mimetype="application/problem+json"), status


def body(schema: str, max_bytes: int) -> dict[str, Any]:
    """The body of the request, at most `max_bytes`, of the form of the file `schema` of this package.

    Only JSON is read, so that no form of a foreign page can ask. Raises Invalid("api-body") with every mistake.
    """
    request.max_content_length = max_bytes
    if request.mimetype != "application/json":
        raise Invalid("api-body", place="Content-Type", expected="application/json")
    if request.content_length is None or request.content_length > max_bytes:
        raise Invalid("api-body", place="Content-Length", expected=f"0 … {max_bytes}")
    try:
        found = json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError):
        raise Invalid("api-body", place="(document)", expected="JSON, UTF-8") from None
    wrong = [_finding(e) for e in _validator(schema).iter_errors(found)]
    if wrong:
        raise Invalid(*wrong)
    return dict(found)


def _finding(error: jsonschema.ValidationError) -> Finding:
    place = ".".join(map(str, error.absolute_path)) or "(document)"
    expected = f"{error.validator}: {json.dumps(error.validator_value)}"
    return Finding(code="api-body", params=(("place", place), ("expected", expected)))


@cache
def _validator(schema: str) -> jsonschema.Draft202012Validator:
    text = files("app.api").joinpath(schema).read_text(encoding="utf-8")
    return jsonschema.Draft202012Validator(json.loads(text))
