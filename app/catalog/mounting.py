"""How does a described file become a version? Everything is checked first, in the sandbox; then all of it is installed.

`app` opens no data: it hashes source files, hands tasks to a `Mounter` and moves what comes back into the vault.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

from app.catalog import problems
from app.catalog.rules import SUFFIXES
from app.catalog.values import Catalog, Entry
from app.catalog.vault import VERSION_FILE, Vault, Version, copy_registries, file_hash, lacks_last_line_end
from app.domain.errors import Finding, Invalid
from app.domain.values import HIDDEN_PREFIX, Bilingual, Counted, Dataset, DatasetKind, Field, Level, Position, Unit
from sandbox.protocol import VERSION, Answer, MountField, MountTask

ROW = "__row"
TAG = "__tag_"
REFERENCE_TYPE = "UINTEGER"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")


class Mounter(Protocol):
    """Runs a mount task in the sandbox, under limits that are its own business: `app.engine.Engine.mount` is one."""

    def __call__(self, task: MountTask, scratch: Path, /) -> Answer:
        """Run `task` in the empty folder `scratch`; the files of an "ok" answer lie there."""


@dataclass(frozen=True, kw_only=True)
class Mounted:
    """A data set with what the sandbox counted in it; `reused` when this very source had been mounted before."""

    dataset: Dataset
    statistics: dict[str, dict[str, int]]
    reused: bool


@dataclass(frozen=True, kw_only=True)
class _Work:
    """One file to mount: `entry` with its absolute `file`, and whether undeclared columns are scanned."""

    entry: Entry
    file: Path
    scan: bool = True


Progress = Callable[[str, str], None]
"""Told (data set, step) with step "hash", "reused", "mount" or "done"."""


def _quiet(_dataset: str, _step: str) -> None:
    return


def mount_catalog(
    catalog: Catalog, vault: Path, scratch: Path, mounter: Mounter, *, progress: Progress = _quiet
) -> tuple[Dataset, ...]:
    """Mount every public data set of `catalog`, all or none; see `mount_entries`."""
    return tuple(m.dataset for m in mount_entries(catalog.public, vault, scratch, mounter, progress=progress))


def mount_entries(
    entries: Iterable[Entry], vault: Path, scratch: Path, mounter: Mounter, *, progress: Progress = _quiet
) -> tuple[Mounted, ...]:
    """Mount the files of public `entries` into `vault`, all or none, in their order.

    A source that was mounted before under the same schema is not mounted again. `scratch` is a folder to work in, on
    the vault's file system for speed. Raises one Invalid with the problems of all files; the vault is then unchanged.
    """
    work = [_Work(entry=e, file=e.file) for e in entries if e.file is not None]
    return _mount(work, Vault(root=vault.resolve()), scratch, mounter, progress)


def mount_enterprise(
    name: str,
    file: Path,
    declared: Entry | None,
    vault: Path,
    scratch: Path,
    mounter: Mounter,
    *,
    operator: str,
    progress: Progress = _quiet,
) -> Mounted:
    """Mount an operator's own table under `name`; it has no units and counts zero toward every threshold.

    Declared, its columns are typed and its identifiers become references; undeclared, the columns are taken as the
    file has them, level L1. Raises Invalid.
    """
    if declared is not None and declared.kind is not DatasetKind.ENTERPRISE:
        raise Invalid(Finding(code="catalog-enterprise-not-declared-so", dataset=name))
    if not _NAME.fullmatch(name) or name.startswith(HIDDEN_PREFIX):
        raise Invalid(Finding(code="catalog-enterprise-name", dataset=name))
    if not file.is_file() or file.suffix.lower() not in SUFFIXES:
        raise Invalid(Finding(code="catalog-enterprise-missing", params=(("source", str(file)),), dataset=name))
    known = declared or _undeclared(name)
    entry = replace(known, provider=operator, format=SUFFIXES[file.suffix.lower()], units=())
    work = _Work(entry=entry, file=file.absolute(), scan=declared is not None)
    return _mount([work], Vault(root=vault.resolve()), scratch, mounter, progress)[0]


def _undeclared(name: str) -> Entry:
    title = Bilingual(zh=f"社会数据 {name}", en=f"enterprise data {name}")
    return Entry(
        name=name,
        code="",
        title=title,
        summary=title,
        provider="",
        kind=DatasetKind.ENTERPRISE,
        file=None,
        format="",
        rows=None,
        update_cycle="irregular",
        share_type="none",
        share_condition="",
        open_type="closed",
        open_condition="",
        grade="general",
        operation_authorized=True,
        publish_date=None,
        region="",
        time_range=None,
        related=(),
        units=(),
        fields=(),
    )


def _mount(work: list[_Work], vault: Vault, scratch: Path, mounter: Mounter, progress: Progress) -> tuple[Mounted, ...]:
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    staging = _Staging(vault=vault, folder=scratch.resolve() / "mounting", mounter=mounter, progress=progress)
    with vault.writing():
        try:
            copy_registries(vault, staging.registries)
            found = [staging.check(w) for w in work]
            if staging.findings:
                raise Invalid(*staging.findings)
            vault.install(staging.ready, staging.registries)
        finally:
            shutil.rmtree(staging.folder, ignore_errors=True)
    return tuple(_mounted(w.entry, v, vault, reused) for w, (v, reused) in zip(work, found, strict=True) if v)


class _Staging:
    """The versions that are checked and not yet installed, with the registries that they grew."""

    def __init__(self, *, vault: Vault, folder: Path, mounter: Mounter, progress: Progress) -> None:
        self.vault = vault
        self.folder = folder
        self.registries = folder / "registry"
        self.findings: list[Finding] = []
        self.ready: list[tuple[Version, Path]] = []
        self._mounter = mounter
        self._progress = progress
        shutil.rmtree(folder, ignore_errors=True)

    def check(self, work: _Work) -> tuple[Version | None, bool]:
        """Check one file, unless its version is there already; (None, False) when it has findings."""
        name = work.entry.name
        self._progress(name, "hash")
        source, schema = file_hash(work.file), _schema_hash(work)
        known = self.vault.find(name, source=source, schema=schema)
        if known is not None:
            self._progress(name, "reused")
            return known, True
        self._progress(name, "mount")
        room = self.folder / str(len(self.ready))
        answer = self._mounter(_task(work, self.registries), room)
        found = problems.findings(work.entry, work.file.name, answer) or _doubts(work, answer, source)
        if found:
            self.findings += found
            shutil.rmtree(room, ignore_errors=True)
            return None, False
        self._progress(name, "done")
        return self._take(work.entry, answer, room, source, schema), False

    def _take(self, entry: Entry, answer: Answer, room: Path, source: str, schema: str) -> Version:
        """The version of an "ok" answer; the registries that it grew become those of the next file."""
        for kind in {ROW, *(f.identifier for f in entry.fields if f.identifier)}:
            grown = f"registry-{kind}.parquet"
            if grown in answer.files:
                (room / grown).replace(self.registries / f"{kind}.parquet")
        file = room / VERSION_FILE
        version = Version(
            dataset=entry.name,
            source=source,
            schema=schema,
            version=file_hash(file),
            rows=answer.rows[VERSION_FILE],
            columns=answer.columns,
            statistics=answer.statistics,
        )
        self.ready.append((version, file))
        return version


def _doubts(work: _Work, answer: Answer, source: str) -> list[Finding]:
    """What speaks against a file although every row of it fits."""
    entry, given = work.entry, ("source", work.file.name)
    if file_hash(work.file) != source:
        return [Finding(code="catalog-file-changed", params=(given,), dataset=entry.name)]
    if entry.format == "csv" and entry.rows is None and lacks_last_line_end(work.file):
        line = answer.rows[VERSION_FILE] + 1
        place = Position(line=line, column=len(entry.fields) or 1)
        params = (given, ("line", str(line)))
        return [Finding(code="catalog-cut-off", params=params, dataset=entry.name, position=place)]
    return []


def _task(work: _Work, registries: Path) -> MountTask:
    entry = work.entry
    return MountTask(
        source=str(work.file.resolve()),
        format=entry.format,
        fields=tuple(_mount_field(f) for f in entry.fields),
        units=entry.units,
        row_unit=entry.needs_row_unit,
        registry=str(registries),
        keys=entry.keys,
        hierarchies=entry.hierarchies,
        expected_rows=entry.rows,
        scan_identifiers=work.scan,
    )


def _mount_field(field: Field) -> MountField:
    return MountField(
        name=field.name,
        type=field.type,
        identifier=field.identifier,
        values=field.values,
        minimum=field.minimum,
        maximum=field.maximum,
    )


def _schema_hash(work: _Work) -> str:
    """A hash of all that a task says beside its places: another schema makes another version."""
    task = asdict(_task(work, Path())) | {"source": "", "registry": "", "limits": "", "protocol": VERSION}
    return hashlib.sha256(json.dumps(task, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def described(entry: Entry) -> Dataset:
    """The data set that mounting `entry` would give, as far as its description tells: no version, no place, no rows."""
    return Dataset(
        name=entry.name,
        code=entry.code,
        kind=entry.kind,
        provider=entry.provider,
        title=entry.title,
        fields=tuple(_seen(f) for f in entry.fields),
        units=_units(entry),
        version="",
        path="",
        rows=0,
        keys=entry.keys,
        products=entry.products,
        hierarchies=entry.hierarchies,
        refresh=entry.refresh,
    )


def _mounted(entry: Entry, version: Version, vault: Vault, reused: bool) -> Mounted:
    known = described(entry)
    dataset = replace(
        known,
        fields=known.fields or _as_found(version),
        keys=known.keys or (_keys_found(version) if entry.kind is DatasetKind.ENTERPRISE else ()),
        version=version.version,
        path=str(vault.path(entry.name, version.version)),
        rows=version.rows,
        counted=tuple(_counted(column, numbers) for column, numbers in version.statistics.items()),
    )
    return Mounted(dataset=dataset, statistics=version.statistics, reused=reused)


def _counted(column: str, numbers: dict[str, int]) -> Counted:
    return Counted(
        column=column,
        distinct=numbers["distinct"],
        nulls=numbers["nulls"],
        most=numbers.get("max_rows"),
        zeros=numbers.get("zeros"),
        negatives=numbers.get("negatives"),
    )


def _keys_found(version: Version) -> tuple[tuple[str, ...], ...]:
    """The columns of which no two rows have the same value: what an operator need not declare of its own table."""
    counted = version.statistics.items()
    return tuple((c,) for c, n in counted if version.rows and n["distinct"] == version.rows and n["nulls"] == 0)


def _seen(field: Field) -> Field:
    """The field as an analysis sees it: a reference in place of an identifier."""
    return replace(field, type=REFERENCE_TYPE) if field.identifier else field


def _as_found(version: Version) -> tuple[Field, ...]:
    """The columns of a table that nobody declared: open, no identifiers."""
    return tuple(
        Field(name=name, type=kind, level=Level.L1, label=Bilingual(zh=name, en=name))
        for name, kind in version.columns
        if not name.startswith(HIDDEN_PREFIX)
    )


def _units(entry: Entry) -> tuple[Unit, ...]:
    if entry.needs_row_unit:
        return (Unit(type=f"row:{entry.name}", column=ROW, tag=f"{TAG}{ROW}"),)
    kinds = {f.name: f.identifier for f in entry.fields}
    return tuple(Unit(type=str(kinds[u]), column=u, tag=f"{TAG}{u}") for u in entry.units)
