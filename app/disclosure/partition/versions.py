"""Where is the partition of each comparison kept? Immutable files, one pair for each release that refined it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from app.disclosure.partition.state import Partition
from app.domain.errors import Broken
from app.domain.proofs import PartitionOutline


@dataclass(frozen=True, kw_only=True)
class Version:
    """A partition as some release left it: the file of its rows and that of its cells, with their SHA-256 if known."""

    id: str
    rows: Path
    cells: Path
    rows_sha256: str | None = None
    cells_sha256: str | None = None

    def partition(self) -> Partition:
        """Its classes and cells; raises Broken("partition-malformed") when either file is not what was kept."""
        if self.rows_sha256 is not None and not self._own_rows():
            raise Broken("partition-malformed", file=self.rows.name)
        return Partition.load(self.cells, self.cells_sha256)

    def _own_rows(self) -> bool:
        try:
            with self.rows.open("rb") as opened:
                return hashlib.file_digest(opened, "sha256").hexdigest() == self.rows_sha256
        except OSError:
            return False


def key_of(outline: PartitionOutline) -> str:
    """What the partitions of one comparison have in common, in every plan: 32 hexadecimal digits."""
    parts = [outline.dataset, outline.version, outline.unit, outline.field]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]


def kept(folder: Path, rows: Path, partition: Partition) -> Version:
    """Put a partition into `folder`, its files named by their content, on disk and whole."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    cells = folder / f".{secrets.token_hex(8)}.npz"
    partition.save(cells)
    copy = folder / f".{secrets.token_hex(8)}.parquet"
    copy.write_bytes(rows.read_bytes())
    named = [_named(file) for file in (copy, cells)]
    return Version(
        id=named[1].stem,
        rows=named[0],
        cells=named[1],
        rows_sha256=named[0].stem,
        cells_sha256=named[1].stem,
    )


def _named(file: Path) -> Path:
    """The file under the name that its content gives it."""
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
        os.fsync(opened.fileno())
    return file.rename(file.with_name(f"{digest}{file.suffix}"))


def folder_versions(folder: Path) -> dict[str, Version]:
    """Key → the latest version in the `folder` of one person's trials."""
    found: dict[str, Version] = {}
    for file in sorted(folder.glob("*-*.json")) if folder.is_dir() else []:
        names = json.loads(file.read_text(encoding="utf-8"))
        key, _, _ = file.stem.partition("-")
        found[key] = Version(
            id=file.stem,
            rows=folder / names["rows"],
            cells=folder / names["cells"],
            rows_sha256=Path(names["rows"]).stem,
            cells_sha256=Path(names["cells"]).stem,
        )
    return found


def enter(folder: Path, key: str, version: Version, before: Version | None) -> None:
    """Make `version` the latest one of `key` in `folder`, unless there is a later one than `before`.

    Raises Broken("partition-overtaken").
    """
    number = int(before.id.partition("-")[2]) + 1 if before is not None else 1
    temporary = folder / f".{secrets.token_hex(8)}"
    temporary.write_text(json.dumps({"rows": version.rows.name, "cells": version.cells.name}), encoding="utf-8")
    try:
        os.link(temporary, folder / f"{key}-{number:06d}.json")
    except FileExistsError:
        raise Broken("partition-overtaken") from None
    finally:
        temporary.unlink()
