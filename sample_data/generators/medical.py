"""S4, medical insurance: settlements of persons, with common and very rare diagnoses."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sample_data.generators import subjects
from sample_data.generators.files import write_parquet

ROWS = 40_000
DAYS = 365
ICD3 = ("I10", "J06", "E11", "K29", "M54", "J20", "I25", "N18", "C34", "F32", "H26", "Z51", "G35", "E84", "D66")
ICD_SHARES = (0.2, 0.19, 0.13, 0.1, 0.1, 0.08, 0.07, 0.045, 0.03, 0.025, 0.016, 0.0117, 0.001, 0.0008, 0.0005)
BASE_FEE = (240, 130, 310, 260, 350, 280, 2600, 5200, 14500, 420, 6100, 8800, 9400, 12800, 17600)
BANDS = ("0-17", "18-34", "35-49", "50-64", "65-79", "80+")
HOSPITALS = 14


def generate(folder: Path, rows: int = ROWS, seed: int = 11) -> None:
    """Write med_settlement.parquet with `rows` settlements."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    persons = max(rows * 2 // 5, 50)
    ages = (rng.beta(2.2, 1.8, persons) * 95).astype(np.int64)
    born = np.datetime64("2025-01-01") - (ages * 365.25 + rng.integers(0, 365, persons)).astype("timedelta64[D]")
    ids = subjects.resident_ids(rng, born)
    who = subjects.skewed(rng, persons, rows, exponent=0.5)
    day = np.sort(rng.integers(0, DAYS, rows))
    code = rng.choice(len(ICD3), size=rows, p=np.array(ICD_SHARES) / sum(ICD_SHARES))
    fee = np.round(np.array(BASE_FEE)[code] * rng.lognormal(0, 0.55, rows))
    band = np.searchsorted((18, 35, 50, 65, 80), ages, side="right")
    sex = np.where(rng.random(persons) < 0.48, "男", "女")
    write_parquet(
        {
            "person_id": ids[who],
            "settle_date": np.datetime64("2025-01-01") + day.astype("timedelta64[D]"),
            "settle_month": (day // 31 + 1).clip(1, 12).astype(np.int16),
            "age_band": np.array(BANDS)[band[who]],
            "sex": sex[who],
            "icd3": np.array(ICD3)[code],
            "hospital": np.array([f"示例第{n + 1}医院" for n in range(HOSPITALS)])[rng.integers(0, HOSPITALS, rows)],
            "inpatient": (rng.random(rows) < np.array(BASE_FEE)[code] / 20000),
            "fee_cny": fee.astype(np.int32),
            "fund_paid_cny": np.round(fee * rng.uniform(0.45, 0.85, rows)).astype(np.int32),
        },
        folder / "med_settlement.parquet",
    )
