"""S5, parking: lots, and the vehicles that enter and leave them, on weekdays and weekends."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sample_data.generators import subjects
from sample_data.generators.files import write_csv, write_parquet

ROWS = 40_000
DAYS = 56
LOTS = 36
DISTRICTS = ("上城区", "拱墅区", "西湖区", "滨江区", "萧山区")
KINDS = ("路内", "商场", "医院", "小区", "交通枢纽")


def generate(folder: Path, rows: int = ROWS, seed: int = 5) -> None:
    """Write park_lot.csv and park_event.parquet with `rows` stays."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    lots = np.array([f"P{n + 1:03d}" for n in range(LOTS)])
    kind = rng.choice(KINDS, size=LOTS)
    write_csv(
        {
            "lot_id": lots,
            "name": [f"示例{k}停车场{n + 1}" for n, k in enumerate(kind)],
            "district": rng.choice(DISTRICTS, size=LOTS),
            "kind": kind,
            "spaces": rng.choice((40, 80, 120, 200, 400, 800), size=LOTS).astype(np.int32),
        },
        folder / "park_lot.csv",
    )
    write_parquet(_events(rng, rows, lots), folder / "park_event.parquet", deltas=("enter_time",))


def _events(rng: np.random.Generator, rows: int, lots: subjects.Strings) -> dict[str, object]:
    day = rng.integers(0, DAYS, rows)
    weekend = (day % 7) >= 5
    hour = np.where(weekend, rng.normal(13.5, 3.5, rows), rng.normal(10.5, 3.8, rows)).clip(0, 23.9)
    second = np.sort(day * 86400 + (hour * 3600).astype(np.int64))
    vehicles = max(rows * 3 // 10, 50)
    who = subjects.skewed(rng, vehicles, rows)
    minutes = np.round(rng.gamma(1.6, 70, rows)).clip(3, 2880).astype(np.int64)
    weights = (np.arange(lots.size) + 2.0) ** -0.9
    enter = np.datetime64("2025-03-03T00:00:00") + (second // 60 * 60).astype("timedelta64[s]")
    leave = enter + minutes.astype("timedelta64[m]")
    still_in = rng.random(rows) < 0.004
    fee = np.where(minutes <= 30, 0, np.ceil(minutes / 30) * 2.5)
    return {
        "lot_id": lots[rng.choice(lots.size, size=rows, p=weights / weights.sum())],
        "plate": subjects.plates(rng, vehicles)[who],
        "enter_time": enter.astype("datetime64[ms]"),
        "leave_time": np.where(still_in, np.datetime64("NaT"), leave).astype("datetime64[ms]"),
        "fee_cny": [None if s else float(f) for s, f in zip(still_in, fee, strict=True)],
    }
