"""Where do the files of a run lie until people have decided? One folder per job and fence, leftovers removed.

A run writes into the folder of its own fence only, so that a worker that lost its lease cannot touch the files of
the next one.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from sqlalchemy import select

from app.domain.errors import Broken
from app.domain.proofs import CheckReport
from app.jobs.records import AT_WORK
from app.store.sessions import Store
from app.store.tables import job, output
from sandbox.launcher import remove


def folder_name(job_id: str, fence: int | str) -> str:
    """The folder of one run, relative to the quarantine."""
    return f"{job_id}/{fence}"


def prepare(root: Path, job_id: str, fence: int) -> Path:
    """The empty folder for a run that begins; whatever earlier runs of the job left is removed."""
    remove(root / job_id)
    folder = root / folder_name(job_id, fence)
    while not folder.is_dir():
        with suppress(FileNotFoundError):  # a worker that was overtaken may tidy the job's folder away just now
            folder.mkdir(parents=True, mode=0o700)
    return folder


def discard(root: Path, job_id: str, fence: int | str) -> None:
    """Remove what a run left behind, and the job's folder when nothing else is in it."""
    remove(root / folder_name(job_id, fence))
    with suppress(OSError):
        (root / job_id).rmdir()


def keep_only_results(folder: Path, report: CheckReport) -> dict[str, str]:
    """The files that `report` names, name → SHA-256; every other file of the run is removed.

    Raises Broken("job-result-outside") when one of them is not a plain file within `folder`.
    """
    names = [_name_within(folder, name) for name in (report.table, report.segment, *report.partitions) if name]
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name not in names:
            entry.unlink()
    return {name: sha256(folder / name) for name in names}


def sha256(file: Path) -> str:
    """SHA-256 (hex) of a file's content."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sweep(store: Store, root: Path) -> list[str]:
    """Remove folders that neither a running job nor an output has; answers their names. For a worker's start."""
    with store.reading() as connection:
        rows = connection.execute(select(job.c.id, job.c.fence, job.c.state)).all()
        wanted = set(connection.execute(select(output.c.folder)).scalars())
    fences = {row.id: row.fence for row in rows}
    wanted |= {folder_name(row.id, row.fence) for row in rows if row.state in AT_WORK}
    left = [name for name in _folders(root) if _is_left(name, fences, wanted)]
    for name in left:
        job_id, _, fence = name.partition("/")
        discard(root, job_id, fence)
    return sorted(left)


def _folders(root: Path) -> Iterator[str]:
    """The names of the folders of all runs; other workers make and remove some meanwhile."""
    for each in root.iterdir() if root.is_dir() else ():
        with suppress(FileNotFoundError, NotADirectoryError):
            yield from [folder_name(each.name, run.name) for run in each.iterdir()]


def _is_left(name: str, fences: dict[str, int], wanted: set[str]) -> bool:
    """Whether nobody needs the folder: neither wanted, nor of a run that began after `fences` was read.

    What has no fence for a name was lifted out of a folder that somebody was removing, and was killed meanwhile.
    """
    job_id, _, fence = name.partition("/")
    return name not in wanted and (not fence.isdigit() or int(fence) <= fences.get(job_id, -1))


def _name_within(folder: Path, name: str) -> str:
    file = folder / name  # an absolute name stands for itself
    if file.is_symlink() or not file.is_file() or file.resolve().parent != folder.resolve():
        raise Broken("job-result-outside", file=Path(name).name)
    return file.name
