"""S2, waterlogging: points that flood, what rain it takes, and the pipes, pumps and people that nobody may see."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sample_data.generators import subjects
from sample_data.generators.files import write_csv, write_parquet

ROWS = 320
EVENTS = 24
READINGS = 6
DISTRICTS = ("上城区", "拱墅区", "西湖区", "滨江区", "萧山区", "余杭区", "临平区", "钱塘区")
STREETS = ("文三路", "江南大道", "天目山路", "学院路", "机场路", "石祥路", "望江路", "之江路", "庆春路", "艮山路")
KINDS = ("下穿立交", "低洼路段", "地铁口", "老旧小区")


def generate(folder: Path, rows: int = ROWS, seed: int = 2026) -> None:
    """Write flood_point.csv with `rows` points, water_level.parquet and enterprise/link_match.csv."""
    rng = np.random.default_rng(seed)
    (folder / "enterprise").mkdir(parents=True, exist_ok=True)
    names = np.array([f"FP{i + 1:04d}" for i in range(rows)])
    write_csv(_points(rng, names), folder / "flood_point.csv")
    write_parquet(_levels(rng, names), folder / "water_level.parquet")
    write_csv(_links(rng, names), folder / "enterprise" / "link_match.csv")


def _points(rng: np.random.Generator, names: subjects.Strings) -> dict[str, object]:
    rows = names.size
    people = max(rows // 8, 12)
    duty = rng.integers(0, people, size=rows)
    street = rng.choice(STREETS, size=rows)
    kind = rng.choice(KINDS, size=rows, p=(0.22, 0.48, 0.12, 0.18))
    numbers = rng.integers(1, 900, size=rows)
    return {
        "point_id": names,
        "name": [f"{s}{n}号{k}" for s, n, k in zip(street, numbers, kind, strict=True)],
        "road": street,
        "district": rng.choice(DISTRICTS, size=rows),
        "kind": kind,
        "lon": np.round(rng.uniform(119.98, 120.42, rows), 6),
        "lat": np.round(rng.uniform(30.12, 30.40, rows), 6),
        "pipe_id": [f"PW-{n:06d}" for n in rng.integers(0, 10**6, size=rows)],
        "pump_m3h": rng.choice((0, 300, 600, 1200, 2400), size=rows).astype(np.int32),
        "duty_person": np.array(subjects.person_names(rng, people))[duty],
        "duty_phone": subjects.phones(rng, people)[duty],
    }


def _levels(rng: np.random.Generator, names: subjects.Strings) -> dict[str, object]:
    """Depth of water at each point in the hours of each storm; some gauges fail, some points hardly flood."""
    sensitivity = rng.gamma(3.0, 0.35, names.size)[:, None, None]
    rain = np.round(rng.gamma(2.0, 14.0, (names.size, EVENTS, 1)) * (0.3 + rng.random((1, 1, READINGS))), 1)
    depth = np.round((rain - 12).clip(0) * sensitivity + rng.normal(0, 0.4, rain.shape)).clip(0, 180)
    storm = np.datetime64("2025-05-02T14:00") + np.sort(rng.integers(0, 150, EVENTS)).astype("timedelta64[D]")
    moments = storm[None, :, None] + np.arange(READINGS).astype("timedelta64[h]")[None, None, :]
    failed = rng.random(rain.size) < 0.02
    return {
        "point_id": np.repeat(names, EVENTS * READINGS),
        "time": np.broadcast_to(moments, rain.shape).ravel().astype("datetime64[ms]"),
        "rain_mm_1h": rain.ravel(),
        "depth_cm": [None if f else int(d) for f, d in zip(failed, depth.ravel(), strict=True)],
    }


def _links(rng: np.random.Generator, names: subjects.Strings) -> dict[str, object]:
    """The map service's own links: most points match one, some two, some none."""
    point = np.sort(rng.choice(names.size, size=names.size * 9 // 8))
    return {
        "link_id": [f"L{n:08d}" for n in rng.choice(10**8, size=point.size, replace=False)],
        "point_id": names[point],
        "distance_m": np.round(rng.gamma(1.5, 8, point.size), 1),
    }
