"""Are the committed samples what the generator makes, and are their subjects fake?"""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from pyarrow import csv
from stdnum.cn import ric, uscc

from app.catalog.manifest import read_catalog
from app.cli.main import sluice
from app.domain.errors import Invalid
from app.domain.values import DatasetKind
from sample_data.generate import FOLDER, GENERATORS, REAL, generate

SCENARIOS = sorted((*GENERATORS, *REAL))
LIMIT = 12 << 20


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_sample_catalog_is_sound(scenario: str) -> None:
    catalog = read_catalog(FOLDER / scenario)
    assert catalog.public
    for entry in catalog.entries:
        assert entry.title.zh != entry.title.en
        assert all(f.label.zh and f.label.en for f in entry.fields)
        if entry.kind is DatasetKind.ENTERPRISE:
            assert (FOLDER / scenario / "enterprise" / f"{entry.name}.csv").is_file()


@pytest.mark.parametrize("scenario", ["s2_flood", "s3_finance", "s4_medical", "s5_parking"])
def test_the_generator_makes_the_committed_values_again(scenario: str, tmp_path: Path) -> None:
    generate(scenario, tmp_path)
    made = sorted(f.relative_to(tmp_path) for f in tmp_path.rglob("*") if f.suffix in {".csv", ".parquet"})
    assert made
    for name in made:
        old, new = FOLDER / scenario / name, tmp_path / name
        if name.suffix == ".csv":
            assert old.read_bytes() == new.read_bytes()
        else:
            assert pq.read_table(old).equals(pq.read_table(new))


def test_another_size_is_a_scenario_of_its_own(tmp_path: Path) -> None:
    out = tmp_path / "small"
    done = CliRunner().invoke(
        sluice, ["sample", "generate", "s1_rescue", "--rows", "5000", "--out", str(out), "--json"]
    )
    assert done.exit_code == 0, done.output
    assert "hw_incident.parquet" in json.loads(done.stdout)["files"]
    assert pq.read_metadata(out / "hw_incident.parquet").num_rows == 5000
    assert read_catalog(out).entry("hw_incident") is not None


def test_real_data_have_one_size(tmp_path: Path) -> None:
    done = CliRunner().invoke(sluice, ["sample", "generate", "flights", "--out", str(tmp_path / "x")])
    assert isinstance(done.exception, Invalid)
    assert done.exception.code == "sample-real"


def test_generating_never_writes_into_a_used_folder(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    done = CliRunner().invoke(sluice, ["sample", "generate", "s5_parking", "--out", str(tmp_path)])
    assert isinstance(done.exception, Invalid)
    assert done.exception.code == "sample-folder-used"
    assert [f.name for f in tmp_path.iterdir()] == ["mine.txt"]


def test_the_rescue_scenario_has_200000_incidents() -> None:
    assert pq.read_metadata(FOLDER / "s1_rescue" / "hw_incident.parquet").num_rows == 200_000


def test_the_samples_stay_small_enough_for_a_repository() -> None:
    files = [f for f in FOLDER.rglob("*") if f.is_file() and "__pycache__" not in f.parts]
    assert sum(f.stat().st_size for f in files) < LIMIT


def test_identifiers_have_valid_check_digits_and_belong_to_nobody() -> None:
    codes = csv.read_csv(FOLDER / "s3_finance" / "ent_base.csv")["uscc"].to_pylist()
    assert all(uscc.is_valid(code) and code[2:8] == "990000" for code in codes)
    people = set(pq.read_table(FOLDER / "s4_medical" / "med_settlement.parquet")["person_id"].to_pylist())
    assert all(ric.calc_check_digit(p) == p[-1] and p.startswith("990000") for p in people)
    incidents = pq.read_table(FOLDER / "s1_rescue" / "hw_incident.parquet", columns=["plate", "caller_phone"])
    assert {p[1] for p in incidents["plate"].unique().to_pylist()} == {"Z"}
    assert {p[:4] for p in incidents["caller_phone"].unique().to_pylist() if p} == {"1540"}


def test_few_vehicles_have_many_incidents() -> None:
    counts = pq.read_table(FOLDER / "s1_rescue" / "hw_incident.parquet", columns=["plate"])["plate"].value_counts()
    most = sorted((c["counts"].as_py() for c in counts), reverse=True)
    assert most[0] > 100
    assert most[len(most) // 2] <= 4


def test_a_size_beyond_the_scenario_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        sluice, ["sample", "generate", "s3_finance", "--rows", "2000000", "--out", str(tmp_path / "x")]
    )
    assert isinstance(done.exception, Invalid)
    assert done.exception.code == "sample-too-large"
