"""S1, highway rescue 1315: a call is answered in 1 minute, a truck sent in 3, on site in 15 (most of the time)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sample_data.generators import subjects
from sample_data.generators.files import write_csv, write_parquet

ROWS = 200_000
START = np.datetime64("2025-01-01T00:00:00")
DAYS = 365
ROADS = ("G2501 绕城", "G60 沪昆", "G25 长深", "G56 杭瑞", "S2 杭甬", "S43 机场", "S31 千黄", "S14 杭长")
ROAD_SHARES = (0.31, 0.19, 0.14, 0.12, 0.11, 0.07, 0.04, 0.02)
ROAD_KM = (123, 96, 148, 131, 52, 17, 51, 61)
REGIONS = ("上城区", "西湖区", "萧山区", "余杭区", "富阳区", "临安区", "桐庐县", "建德市")
KINDS = ("故障", "爆胎", "追尾", "缺油缺电", "自燃", "其他")
KIND_SHARES = (0.46, 0.2, 0.17, 0.1, 0.004, 0.066)
GRIDS = 12
TIMES = ("call_time", "accept_time", "dispatch_time", "arrive_time", "clear_time")
_HOURS = np.array([2, 1.5, 1.2, 1, 1.2, 2, 4, 7, 8, 6.5, 6, 6, 5.5, 5.5, 6, 6.5, 7, 8, 7, 5.5, 4.5, 4, 3.5, 2.5])


def generate(folder: Path, rows: int = ROWS, seed: int = 1315) -> None:
    """Write hw_incident.parquet with `rows` incidents, weather_hourly.csv and enterprise/tow_station.csv."""
    rng = np.random.default_rng(seed)
    (folder / "enterprise").mkdir(parents=True, exist_ok=True)
    rain = _rain(rng)
    stations = _stations(rng)
    write_csv(stations, folder / "enterprise" / "tow_station.csv")
    write_parquet(_weather(rng, rain), folder / "weather_hourly.parquet")
    write_parquet(_incidents(rng, rows, rain), folder / "hw_incident.parquet", deltas=TIMES)


def _rain(rng: np.random.Generator) -> NDArray[np.float64]:
    """Millimetres by grid and hour: spells of rain that all grids share, each in its own measure."""
    hours = DAYS * 24
    spell = np.convolve(rng.random(hours) < 0.02, np.ones(6), mode="same").clip(0, 1)
    strength = rng.gamma(0.9, 4.0, size=(GRIDS, hours))
    return np.asarray(np.round(spell[None, :] * strength * (rng.random((GRIDS, hours)) < 0.8), 1))


def _weather(rng: np.random.Generator, rain: NDArray[np.float64]) -> dict[str, object]:
    hours = START + np.arange(DAYS * 24).astype("timedelta64[h]")
    fog = (rng.random(rain.shape) < 0.015) & (np.arange(DAYS * 24) % 24 < 9)[None, :]
    visibility = np.where(fog, 200, np.where(rain > 5, 2000, 10000))
    season = 17 - 12 * np.cos(np.arange(DAYS * 24) / (DAYS * 24) * 2 * np.pi)
    temperature = np.round(season[None, :] + rng.normal(0, 2.5, rain.shape))
    return {
        "grid": np.repeat(np.arange(1, GRIDS + 1, dtype=np.int16), DAYS * 24),
        "hour": np.tile(hours.astype("datetime64[ms]"), GRIDS),
        "rain_mm": rain.ravel(),
        "visibility_m": visibility.ravel().astype(np.int32),
        "temperature_c": temperature.ravel().astype(np.int16),
        "bad_weather": ((rain > 2.5) | fog).ravel(),
    }


def _stations(rng: np.random.Generator) -> dict[str, object]:
    """One tow station every 25 to 40 km of each road."""
    rows = [
        (f"{road.split()[1]}{n + 1}号救援站", road, int(km))
        for road, length in zip(ROADS, ROAD_KM, strict=True)
        for n, km in enumerate(np.cumsum(rng.integers(12, 40, size=6)) - 8)
        if km < length
    ]
    return {
        "station": [r[0] for r in rows],
        "road": [r[1] for r in rows],
        "stake_km": np.array([r[2] for r in rows], dtype=np.int16),
        "trucks": rng.integers(1, 6, size=len(rows)).astype(np.int16),
    }


def _incidents(rng: np.random.Generator, rows: int, rain: NDArray[np.float64]) -> dict[str, object]:
    when = _call_seconds(rng, rows, rain)
    hour = when // 3600
    road = rng.choice(len(ROADS), size=rows, p=ROAD_SHARES)
    lengths = np.array(ROAD_KM)[road]
    spot = rng.integers(0, 6, size=rows) * 23 % lengths
    stake = np.where(rng.random(rows) < 0.45, (spot + rng.poisson(1.2, rows)) % lengths, rng.integers(0, lengths))
    grid = (road * 3 + stake // 40) % GRIDS
    wet = rain[grid, hour] > 2.5
    accept, dispatch, arrive, clear = _durations(rng, rows, wet=wet, busy=_HOURS[hour % 24] > 6, road=road)
    call = START + when.astype("timedelta64[s]")
    vehicles = max(rows * 3 // 10, 50)
    vehicle = subjects.skewed(rng, vehicles, rows)
    plate = subjects.plates(rng, vehicles)
    phone = subjects.phones(rng, vehicles)
    caller = np.where(rng.random(rows) < 0.93, vehicle, rng.integers(0, vehicles, size=rows))
    cancelled = rng.random(rows) < 0.031
    unknown = rng.random(rows) < 0.006
    missing = np.datetime64("NaT")
    return {
        "call_time": call.astype("datetime64[ms]"),
        "accept_time": (call + accept).astype("datetime64[ms]"),
        "dispatch_time": (call + dispatch).astype("datetime64[ms]"),
        "arrive_time": np.where(cancelled, missing, call + arrive).astype("datetime64[ms]"),
        "clear_time": np.where(cancelled, missing, call + clear).astype("datetime64[ms]"),
        "call_date": call.astype("datetime64[D]"),
        "call_hour": (hour % 24).astype(np.int16),
        "period": np.where((hour % 24 >= 7) & (hour % 24 < 19), "day", "night"),
        "road": np.array(ROADS)[road],
        "stake_km": stake.astype(np.int16),
        "segment_10km": (stake // 10).astype(np.int16),
        "region": np.array(REGIONS)[(road + stake // 30) % len(REGIONS)],
        "grid": (grid + 1).astype(np.int16),
        "kind": rng.choice(KINDS, size=rows, p=KIND_SHARES),
        "plate": plate[vehicle],
        "caller_phone": [None if u else p for u, p in zip(unknown, phone[caller], strict=True)],
        "seconds_to_accept": accept.astype(np.int32),
        "seconds_to_dispatch": dispatch.astype(np.int32),
        "seconds_to_arrive": [None if c else int(a) for c, a in zip(cancelled, arrive.astype(np.int64), strict=True)],
    }


def _call_seconds(rng: np.random.Generator, rows: int, rain: NDArray[np.float64]) -> NDArray[np.int64]:
    """Seconds of the year of each call, ascending: by the hour of the day, and half as many again in rain."""
    weights = np.tile(_HOURS, DAYS) * (1 + 0.5 * (rain.mean(axis=0) > 2))
    hours = rng.choice(DAYS * 24, size=rows, p=weights / weights.sum())
    return np.sort(hours * 3600 + rng.integers(0, 3600, size=rows))


def _durations(
    rng: np.random.Generator, rows: int, *, wet: NDArray[np.bool_], busy: NDArray[np.bool_], road: NDArray[np.int64]
) -> tuple[NDArray[np.timedelta64], ...]:
    """Seconds from the call to acceptance, dispatch, arrival and clearance, slower in rain and at busy hours."""
    slow = 1 + 0.45 * wet + 0.2 * busy
    accept = np.round(rng.gamma(2.0, 14 * slow, rows)).clip(3, 600)
    dispatch = accept + (np.round(rng.gamma(2.2, 34 * slow, rows) / 5) * 5).clip(10, 1800)
    arrive = dispatch + (np.round(rng.gamma(4.0, (110 + 12 * road) * slow, rows) / 10) * 10).clip(60, 7200)
    clear = arrive + (np.round(rng.gamma(2.0, 600 * slow, rows) / 60) * 60).clip(120, 21600)
    return tuple(x.astype(np.int64).astype("timedelta64[s]") for x in (accept, dispatch, arrive, clear))
