"""Does the role matrix show every role, permission, move and separation of duties, and nothing that is not so?"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.domain.lifecycles import LIFECYCLES
from app.identity.roles import read_policy
from tests.architecture.source import ROOT
from tests.governance import roles_page


@pytest.mark.parametrize("language", roles_page.TEXTS)
def test_the_role_matrix_is_what_policy_and_tables_make(language: str) -> None:
    made = roles_page.page(language)
    assert roles_page.file(language).read_text(encoding="utf-8") == made, "run python -m tests.governance.roles_page"


def test_the_role_matrix_marks_exactly_what_the_policy_permits() -> None:
    marked, kind, roles = set(), "", [""]
    for line in roles_page.page("en").split("## Separation")[0].splitlines():
        cells = [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        if line.startswith("## "):
            kind = re.findall(r"`(\w+)`", line)[0]
        elif cells[0] == "permission":
            roles = cells[1:-1]
        elif ":" in cells[0] and len(cells) == len(roles) + 2:
            marked |= {(role, kind, cells[0]) for role, mark in zip(roles, cells[1:-1], strict=True) if mark == "✓"}
    rules = read_policy(ROOT / "policies/platform").rules
    assert marked == {(rule.role, rule.kind.value, rule.permission) for rule in rules}


def test_somebody_can_make_every_move_that_the_matrix_shows() -> None:
    known = read_policy(ROOT / "policies/platform").permissions_known()
    moves = {t.permission for life in LIFECYCLES.values() for t in life.transitions}
    assert moves <= known, moves - known


def test_every_separation_of_duties_has_a_code_of_its_own_and_a_test_that_names_it() -> None:
    codes = [roles_page.code(rule) for rule in roles_page.separations()]
    assert {rule.__name__ for rule in roles_page.separations()} == set(roles_page.RULES)
    assert len(set(codes)) == len(codes)
    tests = "".join(f.read_text(encoding="utf-8") for f in Path(ROOT, "tests").rglob("test_*.py"))
    assert [code for code in codes if f'"{code}"' not in tests] == []
