"""Which files are in a bundle beside its signatures? The data in every form, the report, the dictionary.

Each form that can carry it bears the watermark: a leaked file leads to the release and the recipient it was made for.
CSV cannot; its watermark stands in the manifest only.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from app.domain.errors import Invalid
from app.domain.proofs import CheckReport
from app.domain.report_view import operators_view
from app.domain.times import stamp
from app.domain.values import Dataset
from app.release.dictionary import dictionary
from app.release.page import LANGUAGES, report_page
from app.release.table_files import extent, rows, write_csv, write_parquet
from app.release.workbook import Sheet, check_extent, write_workbook

WORKBOOK = "data.xlsx"


@dataclass(frozen=True, kw_only=True)
class Occasion:
    """What a bundle is made for: the release, its recipient, its watermark, and the checked output in `table`."""

    release: str
    output: str
    authorization: str
    operator: str
    recipient: str
    watermark: str
    made: datetime
    report: CheckReport
    table: Path
    datasets: tuple[Dataset, ...]
    template: Mapping[str, object] | None

    def marks(self) -> dict[str, str]:
        """What files bear of the release."""
        return {"sluice.release": self.release, "sluice.watermark": self.watermark}


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The files (name → bytes, or the file that has them), and those that could not be made, each with the reason."""

    files: Mapping[str, bytes | Path]
    omitted: tuple[Mapping[str, str], ...]


def write_contents(occasion: Occasion, folder: Path) -> Contents:
    """Make the files of a bundle, the large ones in `folder`."""
    words = dictionary(occasion.report, occasion.datasets)
    shown = operators_view(occasion.report, {}, occasion.operator)
    tables = {name: folder / name for name in ("data.csv", "data.parquet", WORKBOOK)}
    write_csv(occasion.table, tables["data.csv"])
    write_parquet(occasion.table, tables["data.parquet"], occasion.marks())
    omitted = _workbook(occasion, words, tables[WORKBOOK])
    if omitted:
        del tables[WORKBOOK]
    told = {**occasion.marks(), **shown, **({"template": occasion.template} if occasion.template else {})}
    page: dict[str, Any] = {"facts": _facts(occasion), "marks": occasion.marks(), "report": shown, "dictionary": words}
    return Contents(
        files={
            **tables,
            "dictionary.json": _readable(words),
            "report.json": _readable(told),
            **{f"report.{lang}.html": report_page(lang, **page, omitted=omitted) for lang in LANGUAGES},
        },
        omitted=omitted,
    )


def _workbook(occasion: Occasion, words: list[dict[str, Any]], target: Path) -> tuple[dict[str, str], ...]:
    """Write the workbook; answers nothing, or that it was left out and why."""
    columns = [name for name, _ in occasion.report.columns]
    about = [(name, str(value)) for name, value in _facts(occasion)]
    sheets = (
        Sheet(name="data 数据", columns=columns, rows=rows(occasion.table)),
        Sheet(name="dictionary 字典", columns=_DICTIONARY, rows=(_dictionary_row(word) for word in words)),
        Sheet(name="about 说明", columns=("fact", "value"), rows=about),
    )
    try:
        check_extent(*extent(occasion.table))
        write_workbook(target, sheets, occasion.marks(), occasion.made)
    except Invalid as error:
        finding = error.findings[0]
        what, remedy = finding.message(), finding.remedy()
        texts = {"message_zh": what.zh, "message_en": what.en, "remedy_zh": remedy.zh, "remedy_en": remedy.en}
        return ({"file": target.name, "code": finding.code, **texts},)
    return ()


_DICTIONARY = ("name", "type", "label_zh", "label_en", "sources")


def _dictionary_row(word: Mapping[str, Any]) -> tuple[str, ...]:
    sources = "; ".join(f"{s['dataset']}.{s['field']} {s['use']}" for s in word["sources"])
    return (*(word[name] for name in _DICTIONARY[:-1]), sources)


def _facts(occasion: Occasion) -> list[tuple[str, object]]:
    report = occasion.report
    return [
        ("id", occasion.release),
        ("output", occasion.output),
        ("authorization", occasion.authorization),
        ("operator", occasion.operator),
        ("recipient", occasion.recipient),
        ("created", stamp(occasion.made)),
        ("watermark", occasion.watermark),
        ("level", report.level.value),
        ("rows", report.rows),
        ("policy_version", report.policy_version),
        ("plan_hash", report.plan_hash),
    ]


def _readable(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"
