"""Does a source become a version whole and unchanged, or not at all with the exact places of what is wrong?"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import duckdb
import pytest

from sandbox.launcher import Launcher
from sandbox.protocol import Answer, MountField, MountTask, Problem

Places = list[tuple[int, str, str]]


def field(name: str, type_: str, identifier: str | None = None) -> MountField:
    return MountField(name=name, type=type_, identifier=identifier)


AB = (field("a", "INTEGER"), field("b", "VARCHAR"))


class Mount:
    """Writes a source and mounts it; registries persist as the vault would keep them."""

    def __init__(self, launcher: Launcher, folder: Path) -> None:
        self.launcher, self.folder, self.number = launcher, folder, 0
        self.registry = folder / "registry"
        self.registry.mkdir()

    def __call__(self, content: bytes | str, fields: tuple[MountField, ...] = AB, **more: object) -> Answer:
        self.number += 1
        source = self.folder / f"source{self.number}"
        source.write_bytes(content.encode() if isinstance(content, str) else content)
        return self.file(source, fields, **more)

    def file(self, source: Path, fields: tuple[MountField, ...] = AB, **more: object) -> Answer:
        task = MountTask(
            source=str(source), format="csv", fields=fields, units=(), row_unit=False, registry=str(self.registry)
        )
        task = replace(task, **more)  # type: ignore[arg-type]
        self.scratch = self.folder / f"scratch{self.number}"
        answer = self.launcher.run(task, self.scratch, require_isolation=True)
        for file in answer.files:
            if file.startswith("registry-"):
                (self.scratch / file).replace(self.registry / file.removeprefix("registry-"))
        assert answer.status == "ok" or list(self.scratch.iterdir()) == []
        return answer

    def rows(self, what: str = "*") -> list[tuple[object, ...]]:
        return duckdb.connect().execute(f"SELECT {what} FROM '{self.scratch}/version.parquet'").fetchall()

    def units(self, name: str) -> list[tuple[object, ...]]:
        return duckdb.connect().execute(f"FROM '{self.registry}/{name}.parquet' ORDER BY ref").fetchall()


@pytest.fixture
def mount(launcher: Launcher, tmp_path: Path) -> Mount:
    return Mount(launcher, tmp_path)


def places(answer: Answer) -> Places:
    return [(p.line, p.column, p.what) for p in answer.problems]


def test_a_csv_is_mounted_as_it_is(mount: Mount) -> None:
    answer = mount('b,a\n"x, ""y""\n z",1\n"",2\n,\n', AB)
    assert (answer.status, answer.rows) == ("ok", {"version.parquet": 3})
    assert answer.columns == (("a", "INTEGER"), ("b", "VARCHAR"))
    assert mount.rows() == [(1, 'x, "y"\n z'), (2, ""), (None, None)]
    counted = {"distinct": 2, "nulls": 1}
    assert answer.statistics == {"a": counted | {"zeros": 0, "negatives": 0}, "b": counted}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_marks_do_not_matter(mount: Mount, end: str, mark: str) -> None:
    assert mount(f"{mark}a,b{end}1,x{end}2,y{end}").rows == {"version.parquet": 2}
    assert mount.rows() == [(1, "x"), (2, "y")]


def test_a_last_line_without_end_counts(mount: Mount) -> None:
    assert mount("a,b\n1,x\n2,y").rows == {"version.parquet": 2}


def test_a_wrong_type_in_line_70001_is_found_there(mount: Mount) -> None:
    lines = ["a,b", *(f"{n},x{n}" for n in range(2, 200_001))]
    lines[70_000] = "seven,x"
    answer = mount("\n".join(lines) + "\n")
    assert answer.code == "source-rows"
    assert answer.problems == (Problem(line=70_001, column="a", what="wrong-type", expected="INTEGER"),)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_lines_are_counted_as_an_editor_counts_them(mount: Mount, end: str, mark: str) -> None:
    rows = [f'1,"two{end}lines"', "2,x", f'"3","a{end}{end}b"', "bad,x", "5,y", "6.5,z"]
    answer = mount(mark + end.join(["a,b", *rows]) + end)
    assert places(answer) == [(8, "a", "wrong-type"), (10, "a", "wrong-type")]


def test_blank_lines_are_counted_and_no_rows(mount: Mount) -> None:
    assert places(mount("a,b\n\n1,x\n\nbad,y\n")) == [(5, "a", "wrong-type")]
    assert mount("a,b\n\n1,x\n\n").rows == {"version.parquet": 1}


def test_the_first_twenty_problems_are_given_and_all_are_counted(mount: Mount) -> None:
    answer = mount("a,b\n" + "".join(f"x,{n}\n" for n in range(500)))
    assert (len(answer.problems), answer.problems_total) == (20, 500)
    assert [p.line for p in answer.problems] == list(range(2, 22))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b\n1,x\n2\n3,y\n", [(3, "b", "missing-columns")]),
        ("a,b\n1,x,y\n2,x\n", [(2, "", "too-many-columns")]),
        ('a,b\n1,x\n2,"open\n3,y\n', [(3, "", "unterminated-quote")]),
        (b"a,b\n1,x\n2,\xd6\xd0\n", [(3, "b", "invalid-encoding")]),
        (
            "a,b\nx,1\n2\nz,3\n4,5,6\n",
            [(2, "a", "wrong-type"), (3, "b", "missing-columns"), (4, "a", "wrong-type"), (5, "", "too-many-columns")],
        ),
        ("a,b\n1," + "x" * 3_000_000 + "\n", [(2, "", "line-too-long")]),
    ],
    ids=["missing", "many", "quote", "encoding", "several", "long"],
)
def test_a_broken_line_is_named(mount: Mount, content: str | bytes, expected: Places) -> None:
    answer = mount(content)
    assert (answer.code, places(answer)) == ("source-rows", expected)


def test_mixed_line_ends_are_named(mount: Mount) -> None:
    answer = mount("a,b\r\n1,x\r\n2,y\n3,z\r\n")
    assert answer.status == "ok" or (answer.code, places(answer)) == ("source-unreadable", [(3, "", "mixed-line-ends")])


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,c\n1,2\n", [(1, "b", "missing"), (1, "c", "unexpected")]),
        ("a,b,A\n1,2,3\n", [(1, "A", "not-unique")]),
        ("\n1,2\n", [(1, "", "missing")]),
        (b"\xd6\xd0,b\n1,2\n", [(1, "??", "invalid-encoding")]),
    ],
    ids=["names", "twice", "blank", "encoding"],
)
def test_a_wrong_header_is_named(mount: Mount, content: str | bytes, expected: Places) -> None:
    answer = mount(content)
    assert (answer.code, places(answer)) == ("source-columns", expected)


def test_a_csv_cut_off_in_the_middle_is_refused(mount: Mount) -> None:
    whole = "a,b\n" + "".join(f'{n},"text {n}"\n' for n in range(1000))
    answer = mount(whole[: whole.index("text 700") + 4])
    assert (answer.code, places(answer)) == ("source-rows", [(702, "", "unterminated-quote")])
    answer = mount(whole[: whole.index("700") + 1])
    assert (answer.code, places(answer)) == ("source-rows", [(702, "b", "missing-columns")])
    answer = mount(whole[: whole.index("\n700") + 1], expected_rows=1000)
    assert (answer.code, places(answer)) == ("source-rows", [(0, "", "row-count")])
    assert answer.problems[0].expected == "1000"


@pytest.fixture
def parquet(tmp_path: Path) -> Path:
    path = tmp_path / "whole.parquet"
    rows = "SELECT i AS a, 'x' || i AS b, i + 0.5 AS c, TIMESTAMP '2025-01-01 10:00:00' AS d FROM range(5000) t(i)"
    duckdb.sql(f"COPY ({rows}) TO '{path}'")
    return path


def test_a_parquet_file_is_mounted_with_its_declared_types(mount: Mount, parquet: Path) -> None:
    fields = (field("b", "VARCHAR"), field("a", "INTEGER"), field("c", "DOUBLE"), field("d", "TIMESTAMP"))
    answer = mount.file(parquet, fields, format="parquet", expected_rows=5000)
    assert answer.columns == (("b", "VARCHAR"), ("a", "INTEGER"), ("c", "DOUBLE"), ("d", "TIMESTAMP"))
    assert mount.rows("a, b")[4999] == (4999, "x4999")


def test_a_parquet_value_that_does_not_fit_without_loss_is_named(mount: Mount, parquet: Path) -> None:
    fields = (field("a", "UTINYINT"), field("b", "VARCHAR"), field("c", "INTEGER"), field("d", "DATE"))
    answer = mount.file(parquet, fields, format="parquet")
    assert answer.problems_total == (5000 - 256) + 5000 + 5000
    assert places(answer)[:2] == [(1, "c", "wrong-type"), (1, "d", "wrong-type")]


@pytest.mark.parametrize("keep", [0.01, 0.5, 0.999])
def test_a_parquet_file_cut_off_is_refused(mount: Mount, parquet: Path, keep: float) -> None:
    content = parquet.read_bytes()
    answer = mount(content[: int(len(content) * keep)], (), format="parquet")
    assert (answer.code, places(answer)) == ("source-unreadable", [(0, "", "cut-off")])


def test_files_that_are_not_what_they_are_said_to_be_are_refused(mount: Mount, parquet: Path, tmp_path: Path) -> None:
    assert places(mount("a,b\n1,x\n", format="parquet")) == [(0, "", "wrong-format")]
    assert places(mount.file(parquet)) == [(0, "", "wrong-format")]
    assert places(mount("")) == [(0, "", "empty")]
    assert places(mount(b"PAR1" + b"\0" * 100 + b"PAR1", format="parquet")) == [(0, "", "wrong-format")]
    assert mount.file(tmp_path / "none.csv").code == "source-unreadable"
    assert mount.file(tmp_path).code == "source-unreadable"


@pytest.mark.parametrize(
    ("type_", "good", "bad"),
    [
        ("INTEGER", ["1", "-2", " 3 ", "+4", "007"], ["1.5", "1e3", "0x10", "1_000", "2147483648", "x"]),
        ("UTINYINT", ["0", "255"], ["256", "-1"]),
        ("DECIMAL(5,2)", ["1", "1.2", "1.23", "1.2300", "-999.99"], ["1.234", "1000", "nan", "1,5"]),
        ("DOUBLE", ["1", "1.5", "-2e-3", ".5"], ["nan", "inf", "x", "1,5"]),
        ("DATE", ["2025-01-31", "2025/1/5"], ["2025-02-30", "2025-01-01 10:00:00", "01.02.2025", "20250101"]),
        (
            "TIMESTAMP",
            ["2025-01-01 10:00:00", "2025-01-01T10:00:00.123456"],
            ["2025-01-01 25:00:00", "2025-01-01 10:00:00.1234567", "2025-01-01 10:00:00+08:00"],
        ),
        ("TIMESTAMPTZ", ["2025-01-01 10:00:00+08", "2025-01-01 10:00:00Z"], ["noon"]),
        ("TIME", ["10:00:00", "23:59:59.5"], ["24:30:00", "noon"]),
        ("BOOLEAN", ["true", "false", "1", "0"], ["maybe", "2"]),
    ],
)
def test_types_are_strict(mount: Mount, type_: str, good: list[str], bad: list[str]) -> None:
    fields = (field("a", type_), field("b", "VARCHAR"))
    fine = mount("a,b\n" + "".join(f'"{value}",x\n' for value in good), fields)
    assert fine.status == "ok", places(fine)
    assert mount.rows("count(a)") == [(len(good),)]
    answer = mount("a,b\n" + "".join(f'"{value}",x\n' for value in bad), fields)
    assert places(answer) == [(line, "a", "wrong-type") for line in range(2, len(bad) + 2)]


PLATES = 'plate,b\n 浙A12345 ,x\n浙A12345,y\n浙B54321,z\n,w\n"  ",v\n'
VEHICLES = (field("plate", "VARCHAR", "vehicle"), field("b", "VARCHAR"))


def test_identifiers_become_references_and_never_enter_the_version(mount: Mount) -> None:
    answer = mount(PLATES, VEHICLES, units=("plate",))
    assert answer.columns == (("plate", "UINTEGER"), ("b", "VARCHAR"), ("__tag_plate", "UBIGINT"))
    assert answer.statistics["plate"] == {"distinct": 2, "nulls": 2, "max_rows": 2}
    rows = {b: (plate, tag) for plate, b, tag in mount.rows()}
    assert rows["x"] == rows["y"] != rows["z"]
    assert rows["w"] == rows["v"] == (None, None)
    assert {rows["x"][0], rows["z"][0]} == {1, 2}
    assert "浙A".encode() not in (mount.scratch / "version.parquet").read_bytes()
    known = {value: (ref, tag) for value, ref, tag in mount.units("vehicle")}
    assert known == {"浙A12345": rows["x"], "浙B54321": rows["z"]}
    assert all(tag for _, tag in known.values())


def test_a_registry_grows_and_is_shared_between_tables(mount: Mount) -> None:
    mount(PLATES, VEHICLES)
    before = mount.units("vehicle")
    answer = mount(
        "car,trailer\n浙B54321,浙C11111\n沪D22222,浙A12345\n",
        (field("car", "VARCHAR", "vehicle"), field("trailer", "VARCHAR", "vehicle")),
        units=("car",),
    )
    assert answer.files == ("version.parquet", "registry-vehicle.parquet")
    after = mount.units("vehicle")
    assert after[:2] == before
    assert [ref for _, ref, _ in after] == [1, 2, 3, 4]
    refs = {value: ref for value, ref, _ in after}
    pairs = {(refs["浙B54321"], refs["浙C11111"]), (refs["沪D22222"], refs["浙A12345"])}
    assert set(mount.rows("car, trailer")) == pairs
    assert mount("plate,b\n浙A12345,x\n", VEHICLES).files == ("version.parquet",)


def test_numbers_are_identifiers_too(mount: Mount) -> None:
    mount("plate,b\n12,x\n12,y\n013,z\n", (field("plate", "BIGINT", "person"), field("b", "VARCHAR")))
    assert {value for value, _, _ in mount.units("person")} == {"12", "13"}


def test_references_tell_nothing_about_the_order_of_the_file(mount: Mount) -> None:
    mount("plate,b\n" + "".join(f"P{n:05},x\n" for n in range(2000)), VEHICLES, units=("plate",))
    refs = [int(str(r)) for (r,) in mount.rows("plate")]
    assert sorted(refs) == list(range(1, 2001))
    rising = sum(a < b for a, b in pairwise(refs))
    assert 850 < rising < 1150
    tags = [tag for (tag,) in mount.rows("__tag_plate")]
    assert len(set(tags)) == 2000


def test_rows_of_one_unit_lie_side_by_side_bucket_by_bucket_in_their_order(mount: Mount) -> None:
    plates = [f"浙B{i % 300:05}" for i in range(3000)]
    mount("plate,b\n" + "".join(f"{p},{i}\n" for i, p in enumerate(plates)), VEHICLES, units=("plate",))
    found = mount.rows("__tag_plate & 63, __tag_plate, b::INTEGER")
    assert found == sorted(found)
    assert len({tag for _, tag, _ in found}) == 300


def test_zeros_and_negative_numbers_are_counted(mount: Mount) -> None:
    numbers = (field("a", "DECIMAL(9,2)"), field("b", "DOUBLE"))
    answer = mount("a,b\n" + "".join(f"{x},{x}\n" for x in ("0.00", "0", "-1", "2.5", "")), numbers)
    assert answer.statistics["a"] == {"distinct": 3, "nulls": 1, "zeros": 2, "negatives": 1}
    assert answer.statistics["b"] == {"distinct": 3, "nulls": 1}, "rounding makes no exact zeros"


def test_rows_can_be_units(mount: Mount) -> None:
    answer = mount("a,b\n1,x\n1,x\n", row_unit=True)
    assert [name for name, _ in answer.columns] == ["a", "b", "__row", "__tag___row"]
    assert sorted(mount.rows("__row")) == [(1,), (2,)]
    tags = {tag for (tag,) in mount.rows("__tag___row")}
    assert len(tags) == 2
    assert 0 not in tags
    assert answer.statistics["__row"] == {"distinct": 2, "nulls": 0, "max_rows": 1}


def test_the_same_file_makes_the_same_version(mount: Mount) -> None:
    versions = set()
    for _ in range(2):
        mount(PLATES, VEHICLES, units=("plate",))
        versions.add((mount.scratch / "version.parquet").read_bytes())
    assert len(versions) == 1


LOOKALIKES = {
    "resident-id": ["110105199003072818", "11010519491231002X", "440308199901101512"],
    "mobile-phone": ["13812345678", "15900001111", "+86 18612340000"],
    "plate": ["浙A12345", "沪B·D1234", "粤AD12345"],
    "uscc": ["91350100M000100Y43", "91110000600037341L", "911100001000014563"],
}


@pytest.mark.parametrize("kind", LOOKALIKES)
def test_undeclared_identifiers_are_reported_before_anything_is_mounted(mount: Mount, kind: str) -> None:
    from sandbox.lookalike import contains

    values = [value for value in LOOKALIKES[kind] if contains(kind, value)]
    assert len(values) >= 2
    values += [f"{value} " for value in values] + [f"客户 {value}" for value in values]
    answer = mount("a,b\n" + "".join(f"1,{value}\n" for value in values))
    assert answer.code == "source-identifiers"
    assert answer.problems == (Problem(line=0, column="b", what=f"looks-like:{kind}"),)
    assert mount("a,b\n" + "".join(f"1,{value}\n" for value in values), scan_identifiers=False).status == "ok"


def test_phones_kept_as_numbers_are_seen(mount: Mount) -> None:
    rows = "".join(f"{13800000000 + n},x\n" for n in range(10))
    for type_ in ("BIGINT", "DOUBLE", "DECIMAL(18,0)"):
        answer = mount("a,b\n" + rows, (field("a", type_), field("b", "VARCHAR")))
        assert places(answer) == [(0, "a", "looks-like:mobile-phone")]


def test_ordinary_columns_are_not_taken_for_identifiers(mount: Mount) -> None:
    rows = "".join(
        f"{n * 104729},G{n} K{n}+{n % 10}00,2025-01-0{n % 9 + 1} 10:00:0{n % 10},{n / 7:.4f},AB{n:016}\n"
        for n in range(500)
    )
    fields = (
        field("a", "BIGINT"),
        field("b", "VARCHAR"),
        field("c", "VARCHAR"),
        field("d", "DOUBLE"),
        field("e", "VARCHAR"),
    )
    answer = mount("a,b,c,d,e\n" + rows, fields)
    assert answer.status == "ok", places(answer)


def test_a_wrong_check_digit_is_no_resident_id(mount: Mount) -> None:
    rows = "".join(f"1,1101051949123100{n}\n" for n in ("20", "21", "22", "23", "24"))
    assert mount("a,b\n" + rows).status == "ok"


def test_a_table_without_declared_columns_takes_them_as_they_are(mount: Mount) -> None:
    rows = ["n,code,r,day,at,t,flag,none", "1,007,1.5,2025-01-01,2025-01-01 10:00:00,x,true,"]
    rows.append("2,010,2,2025-01-02,2025-01-02 10:00:00,,false,")
    answer = mount("\n".join(rows) + "\n", ())
    types = dict(answer.columns)
    assert types == {
        "n": "BIGINT",
        "code": "VARCHAR",
        "r": "DOUBLE",
        "day": "DATE",
        "at": "TIMESTAMP",
        "t": "VARCHAR",
        "flag": "BOOLEAN",
        "none": "VARCHAR",
    }
    assert mount.rows("code") == [("007",), ("010",)]
    assert places(mount("n,__row\n1,2\n", ())) == [(1, "__row", "unexpected")]
    assert places(mount("n,m\n1,2\n3\n", ())) == [(3, "m", "missing-columns")]


def test_no_value_stands_in_an_answer(mount: Mount) -> None:
    answer = mount("a,b\nsecret-value,x\n")
    assert not re.search("secret", repr(answer))


def test_names_with_quotes_and_chinese_are_taken(mount: Mount) -> None:
    answer = mount(
        '"it\'s ""a""",车牌号\n1,2\n',
        (field('it\'s "a"', "INTEGER"), field("车牌号", "INTEGER", "车牌".encode().hex())),
    )
    assert [name for name, _ in answer.columns] == ['it\'s "a"', "车牌号"]
