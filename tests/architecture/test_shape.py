"""Does the code keep the shape of the house: short modules, quiet packages, no guards that can be switched off?"""

from __future__ import annotations

import ast
import re
from importlib.metadata import PackageNotFoundError, distribution
from itertools import chain

import pytest

from tests.architecture.source import PRODUCT, ROOT, nodes, place, python_files, tracked, tree

MAX_MODULE_LINES = 400
MAX_FUNCTION_LINES = 50  # functions aim for 30; the tail stays short
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "base", "misc"}


def test_no_module_is_longer_than_a_reader_can_hold() -> None:
    files = python_files(*PRODUCT, "tests")
    long = {place(f, n) for f in files if (n := len(f.read_text(encoding="utf-8").splitlines())) > MAX_MODULE_LINES}
    assert not long


def _body_lines(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    has_docstring = ast.get_docstring(function) is not None
    body = function.body[1:] if has_docstring else function.body
    return (function.end_lineno or function.lineno) - body[0].lineno + 1 if body else 0


def test_no_function_has_a_long_tail() -> None:
    functions = [(f, n) for f, n in nodes(*PRODUCT) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = {f"{place(f, n.lineno)} {n.name}" for f, n in functions if _body_lines(n) > MAX_FUNCTION_LINES}
    assert not long


def test_a_package_file_holds_a_docstring_and_nothing_that_runs() -> None:
    packages = [f for f in python_files(*PRODUCT, "tests") if f.name == "__init__.py"]
    busy = {place(f, 1) for f in packages if ast.get_docstring(tree(f)) is None or len(tree(f).body) != 1}
    assert not busy


def test_every_module_says_what_question_it_answers() -> None:
    silent = {place(f, 1) for f in python_files(*PRODUCT) if not ast.get_docstring(tree(f))}
    assert not silent


def test_no_module_has_a_name_that_says_nothing() -> None:
    vague = {
        place(f, 1) for f in python_files(*PRODUCT) if VAGUE_NAMES & set(f.relative_to(ROOT).with_suffix("").parts)
    }
    assert not vague


def test_nothing_is_guarded_by_assert() -> None:
    asserts = {place(f, n.lineno) for f, n in nodes(*PRODUCT) if isinstance(n, ast.Assert)}
    assert not asserts


def test_policies_hold_no_code() -> None:
    assert not python_files("policies")


@pytest.mark.parametrize("abandoned", ["casbin"])
def test_the_abandoned_distribution_is_absent(abandoned: str) -> None:
    """Both install the module `casbin` and overwrite each other."""
    with pytest.raises(PackageNotFoundError):
        distribution(abandoned)


def test_the_living_distribution_is_there() -> None:
    assert distribution("pycasbin").version


FOREIGN = {
    "a path of some machine": re.compile(r"(?<![\w.~-])/(?:work|root|home/\w+|Users/\w+)/"),
    "the host of a package registry": re.compile(r"\b(?:pypi|pythonhosted|npmjs|npmmirror|crates)\.(?:org|com|io)\b"),
    "an index to install from": re.compile(r"--(?:extra-)?index-url\s*=?\s*\S*//|(?:index-url|registry)\s*=\s*\S*//"),
}


@pytest.mark.parametrize("what", sorted(FOREIGN))
def test_no_file_names_a_machine_or_a_registry(what: str) -> None:
    text_files = (f for f in tracked() if f.suffix not in {".parquet", ".mo", ".ico", ".png", ".woff2"})
    lines = chain.from_iterable(
        ((f, n, line) for n, line in enumerate(f.read_text(encoding="utf-8", errors="replace").splitlines(), 1))
        for f in text_files
    )
    assert not {place(f, n) for f, n, line in lines if FOREIGN[what].search(line)}
