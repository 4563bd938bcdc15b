"""Which SQL is understood? Writes `app/docs/sql-support.*.md` from the corpora: `python -m tests.sql.support_page`."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import duckdb

from app.domain.errors import SluiceError, messages
from app.domain.values import Bilingual, Dataset, DatasetKind, Field, Level, Unit
from app.policy.functions import FunctionClass, load_functions
from tests.architecture.source import ROOT
from tests.sql.corpora import Case, Expected, questions, small_ones
from tests.sql.pipeline import Pipeline, small_world
from tests.sql.support_examples import EXAMPLES
from tests.sql.tables import KEYS, PROTECTED

CLASSES = {
    FunctionClass.SCALAR: ("逐行计算", "one value from one row"),
    FunctionClass.SCALAR_GUARDED: (
        "逐行计算, 模式、格式等参数须为字面量",
        "the same, patterns and formats as literals",
    ),
    FunctionClass.MEASURE: (
        "可放大或编码取值; 在 L3、L4 信息项的聚合内须人工审核",
        "can amplify or pack values; people judge them inside an aggregate over L3 or L4",
    ),
    FunctionClass.AGGREGATE: ("可计算贡献者与占比的聚合", "aggregates whose contributors and shares are computed"),
    FunctionClass.ORDER_STATISTIC: ("分位数类, 须人工审核", "values at a rank; people judge them over protected rows"),
    FunctionClass.EXTREME: (
        "直接显示个别取值, 只用于开放数据",
        "show single values; over protected rows people judge or none",
    ),
    FunctionClass.WINDOW: ("窗口函数", "window functions"),
    FunctionClass.NESTED: ("列表与结构, 只用于开放数据", "lists and structs, over open data only"),
}
TEXTS = tomllib.loads((Path(__file__).parent / "support.toml").read_text(encoding="utf-8"))
"""Language → the words of the page."""


def page(language: str) -> str:
    """The page in a language ("zh" or "en")."""
    words = TEXTS[language]
    parts = [words["title"], words["intro"], words["constructs"], _constructs(language), words["functions"]]
    parts += [_functions(language), words["questions"], _questions(language)]
    return "\n\n".join(parts) + "\n"


def file(language: str) -> Path:
    """Where the page stands."""
    return ROOT / "app" / "docs" / f"sql-support.{language}.md"


def _constructs(language: str) -> str:
    over_open, over_units = Pipeline(small_world()), protected_pipeline()
    lines = [TEXTS[language]["constructs_head"]]
    for example in EXAMPLES:
        first, second = outcome(over_open, example.open), outcome(over_units, example.protected)
        name = example.zh if language == "zh" else example.en
        lines.append(
            f"| {name} | {_word(first, language)} | {_word(second, language)} | "
            f"`{_cell(example.open)}`<br>`{_cell(example.protected)}` |"
        )
    return "\n".join(lines)


def outcome(pipeline: Pipeline, sql: str) -> Expected:
    """What becomes of a query: "governed", "review" or "refused", with the first code."""
    try:
        reasons = pipeline.plan(sql).grant.analysis.reasons
    except SluiceError as error:
        return Expected(word="refused", code=error.findings[0].code)
    return Expected(word="review", code=reasons[0].code) if reasons else Expected(word="governed")


def _word(found: Expected, language: str) -> str:
    text = TEXTS[language][found.word]
    return f"{text} `{found.code}`" if found.code else text


def _cell(sql: str) -> str:
    return sql.replace("|", "\\|")


def _functions(language: str) -> str:
    table = load_functions(ROOT / "policies")
    lines = [TEXTS[language]["functions_head"]]
    for kind, (zh, en) in CLASSES.items():
        listed = " ".join(f"`{_cell(n)}`" for n in table.names(kind) if re.fullmatch(r"\w+", n))
        lines.append(f"| {zh if language == 'zh' else en} | {listed} |")
    return "\n".join(lines)


def _questions(language: str) -> str:
    words = TEXTS[language]
    h, ds = questions("tpch"), questions("tpcds")
    lines = [words["questions_head"], *(_question(c, language) for c in [*h, *ds])]
    intro = words["questions_intro"].format(h=_share(h), ds=_share(ds))
    return "\n\n".join([intro, words["small"].format(n=len(small_ones())), "\n".join(lines)])


def _share(cases: list[Case]) -> str:
    governed = sum(c.expected.word == "governed" for c in cases)
    return f"{governed}/{len(cases)}"


def _question(case: Case, language: str) -> str:
    stated = case.protected or Expected(word="refused")
    name = f"{'H' if case.corpus == 'tpch' else 'DS'} {case.name[1:]}"
    why = _reason(stated, language)
    return (
        f"| {name} | {case.titles[language]} | {_word(case.expected, language)} | {_word(stated, language)} | {why} |"
    )


def _reason(stated: Expected, language: str) -> str:
    """English has the reason of this very question, Chinese the sentence of its code."""
    if not stated.code or language == "en":
        return stated.why
    return re.sub(r"“?\{\w+\}”?", "…", messages()[stated.code].what.zh)


def protected_pipeline() -> Pipeline:
    """The way of queries over the protected tables of this folder's tests, as mounting would leave them."""
    connection = duckdb.connect()
    for name, (units, _, select) in PROTECTED.items():
        tags = "".join(f', hash({u}) AS "__tag_{u}"' for u in units.split(",") if u)
        connection.execute(f"CREATE TABLE {name} AS SELECT *{tags} FROM ({select})")
    return Pipeline(connection, tuple(_dataset(name) for name in PROTECTED))


def _dataset(name: str) -> Dataset:
    units, fields, _ = PROTECTED[name]
    registries = {n: registry for n, _, _, registry in fields}
    return Dataset(
        name=name,
        code="1/01/001/0001",
        kind=DatasetKind.PUBLIC,
        provider="bureau",
        title=Bilingual(zh=name, en=name),
        fields=tuple(
            Field(name=n, type=t, level=Level(level), label=Bilingual(zh=n, en=n), identifier=registry or None)
            for n, t, level, registry in fields
        ),
        units=tuple(Unit(type=registries[u], column=u, tag=f"__tag_{u}") for u in units.split(",") if u),
        version="0" * 64,
        path=f"/vault/{name}",
        rows=1,
        keys=KEYS[name],
    )


def main() -> None:
    """Write the pages."""
    for language in TEXTS:
        file(language).write_text(page(language), encoding="utf-8")


if __name__ == "__main__":
    main()
