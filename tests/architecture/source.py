"""Which files make up the project, and what do they say? Read once for all tests about the code itself."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("app", "sandbox")


@cache
def tracked() -> tuple[Path, ...]:
    """Every file of the project: those in git, and those new ones that git does not ignore."""
    listing = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return tuple(ROOT / name for name in sorted(names) if name and (ROOT / name).is_file())


def python_files(*folders: str) -> list[Path]:
    """The Python files under `folders` of the project."""
    return [f for f in tracked() if f.suffix == ".py" and f.relative_to(ROOT).parts[0] in folders]


@cache
def tree(file: Path) -> ast.Module:
    """The parsed module."""
    return ast.parse(file.read_text(encoding="utf-8"), filename=str(file))


def nodes(*folders: str) -> Iterator[tuple[Path, ast.AST]]:
    """Every node of every module under `folders`."""
    for file in python_files(*folders):
        for node in ast.walk(tree(file)):
            yield file, node


def place(file: Path, line: int) -> str:
    """`file:line` relative to the project."""
    return f"{file.relative_to(ROOT)}:{line}"
