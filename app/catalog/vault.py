"""What does the vault hold, and how does a version get in? Immutable files by hash, each with an index; one writer."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

REGISTRY = "registry"
VERSION_FILE = "version.parquet"
"""Name of the mounted version among the files of a mount answer; grown registries are `registry-<type>.parquet`."""
_CHUNK = 1 << 20
TYPED_BY_HAND = 32 << 10
"""Bytes below which a text file may have been typed by hand."""


@dataclass(frozen=True, kw_only=True)
class Version:
    """The index of a mounted version: what it was made from (`source` and `schema` hashes) and what came of it.

    `columns` are (name, type) as the sandbox found them, hidden columns included.
    """

    dataset: str
    source: str
    schema: str
    version: str
    rows: int
    columns: tuple[tuple[str, str], ...]
    statistics: dict[str, dict[str, int]]


@dataclass(frozen=True, kw_only=True)
class Vault:
    """A folder of versions: `<dataset>/<sha256>.parquet` with its index, and `registry/<type>.parquet`."""

    root: Path

    @property
    def registry(self) -> Path:
        """The folder of the unit registries."""
        return self.root / REGISTRY

    def path(self, dataset: str, version: str) -> Path:
        """Where the file of a version lies."""
        return self.root / dataset / f"{version}.parquet"

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the vault alone: registries must not grow in two places at once."""
        self.registry.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.root / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def find(self, dataset: str, *, source: str, schema: str) -> Version | None:
        """The version of `dataset` made from this source under this schema, if its file is still there."""
        for file in sorted((self.root / dataset).glob("*.json")):
            found = _read_index(file)
            if (
                found
                and (found.source, found.schema) == (source, schema)
                and self.path(dataset, found.version).is_file()
            ):
                return found
        return None

    def install(self, versions: list[tuple[Version, Path]], registries: Path) -> None:
        """Move checked versions and the grown registries in; call only while `writing`.

        Registries go first: a registry that knows more subjects than the versions use does no harm.
        """
        for file in sorted(registries.glob("*.parquet")):
            if not (self.registry / file.name).exists() or not file.samefile(self.registry / file.name):
                _move(file, self.registry / file.name)
        for version, file in versions:
            target = self.path(version.dataset, version.version)
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _move(file, target)
            target.chmod(0o400)
            _write(target.with_suffix(".json"), json.dumps(asdict(version), ensure_ascii=False, indent=1))


def _read_index(file: Path) -> Version | None:
    """An index that can't be read counts as absent: the source is then mounted again."""
    try:
        data = json.loads(file.read_text(encoding="utf-8"))
        data["columns"] = tuple((str(n), str(t)) for n, t in data["columns"])
        return Version(**data)
    except (ValueError, TypeError, KeyError, OSError):
        return None


def _move(file: Path, target: Path) -> None:
    """Move within or across file systems so that `target` is always whole."""
    part = target.with_name(f".{target.name}.part")
    shutil.move(file, part)
    part.replace(target)


def _write(file: Path, text: str) -> None:
    part = file.with_name(f".{file.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)


def file_hash(file: Path) -> str:
    """SHA-256 (hex) of the content of `file`."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def lacks_last_line_end(file: Path) -> bool:
    """Whether a large text file stops within a line: programs end the last line, so the rest of it may be missing.

    A small file may have been typed by hand, which often leaves the last line end out.
    """
    with file.open("rb") as stream:
        if stream.seek(0, os.SEEK_END) < TYPED_BY_HAND:
            return False
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) not in b"\r\n"


def copy_registries(vault: Vault, target: Path) -> None:
    """A working copy of the registries, which a mount may grow without touching the vault; linked where possible."""
    target.mkdir(mode=0o700, parents=True)
    for file in vault.registry.glob("*.parquet"):
        try:
            os.link(file, target / file.name)
        except OSError:
            shutil.copyfile(file, target / file.name)
