"""What does this process see of the file system? A root of its own with nothing but its files; the old one is gone.

Unlike Landlock, this also hides names, sizes and times of other files, and what the kernel shows under /proc and /sys.
Source: pivot_root(2), mount_namespaces(7).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from sandbox import linux
from sandbox.linux import MS_BIND, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_PRIVATE, MS_RDONLY, MS_REC, MS_REMOUNT

_PLAIN = MS_NOSUID | MS_NODEV | MS_NOEXEC
_FOLDER = ".root"


def enter(readable: Iterable[str], scratch: str) -> None:
    """Leave the file system for one with only the files `readable`, read-only, and the folder `scratch`, as named.

    The process must be allowed to unshare and mount (as root, or in a user namespace of its own). The working folder
    is `scratch` afterwards. A file that is not there is left out. Raises OSError; then the old root is still there.
    """
    linux.unshare(linux.CLONE_NEWNS)
    linux.mount(None, "/", None, MS_REC | MS_PRIVATE)
    root = Path(scratch, _FOLDER)
    root.mkdir()
    linux.mount("sluice", str(root), "tmpfs", _PLAIN, "size=1m,mode=755")
    before = os.umask(0o022)
    try:
        for path in filter(os.path.isfile, readable):
            _show(path, root, MS_RDONLY)
        _show(scratch, root, 0)
    finally:
        os.umask(before)
    linux.mount(None, str(root), None, MS_REMOUNT | MS_RDONLY | _PLAIN)
    os.chdir(root)
    linux.pivot_root()
    os.chdir(scratch)
    root.rmdir()


def _show(path: str, root: Path, more: int) -> None:
    """Bind `path` to the same name below `root`."""
    target = root / path.lstrip("/")
    if Path(path).is_dir():
        target.mkdir(parents=True, exist_ok=True)
    else:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    linux.mount(path, str(target), None, MS_BIND)
    linux.mount(None, str(target), None, MS_BIND | MS_REMOUNT | _PLAIN | more)
