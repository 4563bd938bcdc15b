"""Is a name that means nothing told once, where it stands, with the nearest name that the query can see?"""

from __future__ import annotations

import pytest

from app.domain.errors import Refusal
from app.query.analysis import understand
from tests.sql.pipeline import ENGINE
from tests.sql.test_use_files import DATASETS

TELLING = (
    ("select hospitl, count(*) from settlement group by all", "unknown-column", (1, 8), "hospital"),
    ("select s.hospitl from settlement s", "unknown-column", (1, 8), "hospital"),
    ("select bedz from clinic", "unknown-column", (1, 8), "beds"),
    ("select count(*) from settlement where x.ward = 1", "names-unresolved", (1, 39), None),
    ("select population from clinic", "unknown-column", (1, 8), "-"),
    ("select count(*) from settlement where day < current_date", "function-refused", (1, 45), None),
    ("select cast(cost as variant) from settlement", "construct-refused", (1, 21), None),
)
"""Text → the one finding: its code, its place, and the name that it suggests."""


@pytest.mark.parametrize(("sql", "code", "place", "suggestion"), TELLING, ids=[t[0] for t in TELLING])
def test_a_wrong_name_is_told_once_where_it_stands(
    sql: str, code: str, place: tuple[int, int], suggestion: str | None
) -> None:
    with pytest.raises(Refusal) as refused:
        understand(sql, DATASETS, ENGINE.functions)
    (found,) = refused.value.findings
    assert (found.code, found.position and (found.position.line, found.position.column)) == (code, place)
    assert dict(found.params).get("suggestion") == suggestion
