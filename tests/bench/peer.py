"""What does a check cost elsewhere? ACRO's crosstab beside pandas' own, over the same ten million rows as ours.

ACRO (https://github.com/AI-SDC/ACRO) checks tables that a researcher makes with pandas: rows per cell, the largest and
the p%-rule. It counts rows where Sluice counts subjects, keeps no history and takes no text of SQL, so the ratios are
of two kinds of work; what they have in common is who waits for them. It is installed for this bench alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.bench.data import CACHE

PINNED = ("acro==1.0.2", "pandas==2.3.3", "pyarrow==25.0.0")
SECONDS = 900

_CROSSTABS = """
import json, logging, sys, time, warnings
import pandas as pd
from acro import ACRO
warnings.simplefilter("ignore")
table = pd.read_parquet(sys.argv[1], columns=["clinic", "age", "cost"])
table["cost"] = table["cost"].astype(float)
acro = ACRO(suppress=True)
logging.disable(logging.CRITICAL)
asked = {"index": table["clinic"], "columns": table["age"], "values": table["cost"], "aggfunc": "sum"}
found = {}
for name, crosstab in (("pandas", pd.crosstab), ("acro", acro.crosstab)):
    begun = time.perf_counter()
    crosstab(**asked)
    found[name] = time.perf_counter() - begun
print(json.dumps(found))
"""


def acro_crosstab(visits: Path) -> str:
    """A line with what a crosstab of clinics and ages takes without and with ACRO, or why there is none."""
    python = CACHE / "peer" / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", str(CACHE / "peer")], check=True, capture_output=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", *PINNED]
        subprocess.run(pip, check=True, capture_output=True, timeout=SECONDS)
        run = [str(python), "-c", _CROSSTABS, str(visits)]
        ran = subprocess.run(run, check=True, capture_output=True, text=True, timeout=SECONDS)
        found = json.loads(ran.stdout.splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        return f"{PINNED[0]} beside it: skipped, it could not be had or run here ({type(error).__name__})"
    ratio = found["acro"] / found["pandas"]
    times = f"crosstab of clinics and ages {found['pandas']:.1f} s, checked by ACRO {found['acro']:.1f} s"
    return f"{PINNED[0]} beside it, over the same rows in pandas: {times}, ratio {ratio:.1f}"
