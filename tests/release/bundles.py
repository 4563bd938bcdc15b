"""Bundles for tests: what is in one, and how to alter it as somebody would who can write archives."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from app.domain.errors import Invalid, Refusal
from app.release.archive import write_archive
from app.release.envelope import seal
from app.signing.suites import PrivateKey
from tests.jobs.deployment import Deployment

FILES = {"data.parquet", "data.csv", "data.xlsx", "dictionary.json", "report.json", "report.zh.html", "report.en.html"}
Released: TypeAlias = tuple[Deployment, str, Path]
"""A deployment, the id of a release that it made, and its bundle."""


def contents(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def code(of: Callable[[], object]) -> str:
    """The code with which `of` is refused."""
    with pytest.raises((Refusal, Invalid)) as caught:
        of()
    return str(caught.value.code)


def rewritten(bundle: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    files = contents(bundle)
    change(files)
    target = bundle.with_name("altered.zip")
    write_archive(target, files)
    return target


def manifest_with(bundle: Path, keys: tuple[PrivateKey, ...], change: Callable[[dict[str, Any]], None]) -> Path:
    """The bundle with a changed statement, signed again with `key`."""

    def again(files: dict[str, bytes]) -> None:
        body = json.loads(base64.b64decode(json.loads(files["manifest.json"])["payload"]))
        change(body)
        files["manifest.json"] = seal(body, keys)

    return rewritten(bundle, again)
