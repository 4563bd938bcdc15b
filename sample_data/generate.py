"""Which scenarios can be made, and in which size? The one door to the generators; the same seed gives the same values.

python -m sample_data.generate s1_rescue OUT [ROWS]
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from sample_data.generators import finance, flood, medical, parking, rescue

FOLDER = Path(__file__).parent
GENERATORS: dict[str, tuple[Callable[[Path, int], None], int, int]] = {
    "s1_rescue": (rescue.generate, rescue.ROWS, 20_000_000),
    "s2_flood": (flood.generate, flood.ROWS, 100_000),
    "s3_finance": (finance.generate, finance.ROWS, 900_000),
    "s4_medical": (medical.generate, medical.ROWS, 20_000_000),
    "s5_parking": (parking.generate, parking.ROWS, 20_000_000),
}
"""Scenario → its generator, the rows of its main table in this repository, and the most it can have."""
REAL = ("flights",)
"""Scenarios of real data, which have one size."""


def generate(scenario: str, out: Path, rows: int | None = None) -> None:
    """Write the data of `scenario` into `out`, beside a copy of its catalog and analyses.

    Raises KeyError for a scenario that is not of `GENERATORS`.
    """
    make, default, _ = GENERATORS[scenario]
    out.mkdir(parents=True, exist_ok=True)
    if out.resolve() != (FOLDER / scenario).resolve():
        (out / "catalog.toml").write_text(_without_rows(FOLDER / scenario / "catalog.toml"), encoding="utf-8")
        shutil.copytree(FOLDER / scenario / "analyses", out / "analyses", dirs_exist_ok=True)
    make(out, rows or default)


def _without_rows(file: Path) -> str:
    """The text of a catalog without the declared numbers of rows, which hold for this repository's files only."""
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("rows = "))


if __name__ == "__main__":
    generate(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)
