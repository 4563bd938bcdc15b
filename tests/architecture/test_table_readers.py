"""Who in the control plane reads tables? Only what checks and releases results; people look through the sandbox."""

from __future__ import annotations

import ast

from tests.architecture.source import ROOT, nodes

READERS = {
    "app/disclosure/check.py",
    "app/disclosure/columns.py",  # evidence, fingerprints, sums of tables with margins
    "app/disclosure/evidence.py",
    "app/disclosure/explained.py",
    "app/disclosure/partition/classes.py",  # classes and their units, no rows
    "app/disclosure/noise.py",  # writes the noise, reads no cell
    "app/release/table_files.py",  # writes the CSV of a bundle, shows it to nobody
    "app/trial.py",  # a trial on the user's own machine, over the user's own files
}


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) else []


def test_tables_are_read_by_the_check_and_the_release_only() -> None:
    found = {str(f.relative_to(ROOT)) for f, n in nodes("app") if "pyarrow" in {m.split(".")[0] for m in _imported(n)}}
    assert found == READERS
