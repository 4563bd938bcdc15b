"""What does a check report say in plain words? Sentences in both languages, from counts and codes alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from app.domain.rules import CELL_RULES, SAFE, TOLD_IN
from app.domain.values import Bilingual

NEAR = "near-released"
OPERATOR = "operator"
"""The audience that is told in steps how many cells are out."""
VERDICTS: Mapping[str, Bilingual] = {
    **{rule.verdict: rule.text for rule in CELL_RULES},
    NEAR: Bilingual(
        zh="与另一结果过于接近，两者之差只涉及少数贡献者",
        en="too near to another result: the difference of the two would be about a few contributors",
    ),
    "complementary": Bilingual(
        zh="否则可由合计反推被抑制的单元格", en="with it a suppressed cell could be worked out from the totals"
    ),
}
TEXT_VERDICTS: Mapping[str, Bilingual] = {
    "identifier": Bilingual(zh="含有标识", en="holds identifiers"),
    "possible": Bilingual(zh="形如标识，形式本身不足以判定", en="looks like identifiers; the form alone cannot tell"),
    "chance": Bilingual(zh="个别值碰巧形如标识", en="a few values look like identifiers, as among random numbers"),
    "many-values": Bilingual(zh="文本几乎逐行不同", en="its texts differ in nearly every row"),
}


def verdict_words(verdict: str) -> Bilingual:
    """What a verdict on a cell means; a verdict without words of its own stands for itself."""
    return VERDICTS.get(verdict, Bilingual(zh=verdict, en=verdict))


def summary(shown: Mapping[str, Any]) -> list[Bilingual]:
    """The sentences of a report as `report_view` shows it, for whoever it shows it to."""
    return [Bilingual(zh=zh, en=en) for zh, en in _sentences(shown)]


def _sentences(shown: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    rows, columns, level = shown["rows"], len(shown["columns"]), shown["level"]
    yield (
        f"将出域 {rows} 行、{columns} 列；所涉字段最高为 {level} 级。",
        f"{_many(rows, 'row')} in {_many(columns, 'column')} would leave; the strictest field is of level {level}.",
    )
    yield from _of_fields(shown["lineage"])
    yield from _left_out(shown["taken"], shown["audience"])
    yield from _near(shown["near"], shown["audience"])
    yield from repair_sentences(shown)
    if shown["rounding"] is not None:
        yield (
            f"计数与合计一律取整为 {shown['rounding']} 的倍数。",
            f"Every count and sum was rounded to a multiple of {shown['rounding']}.",
        )
    if shown["noise"] is not None:
        yield (
            f"每个计数加有由单元格贡献者决定的扰动，至多 ±{shown['noise']}；同样的贡献者总是得到同样的扰动。",
            f"Every count carries noise of at most {shown['noise']} either way, the same for the same contributors.",
        )
    if shown["privacy"] is not None:
        yield "数值加有差分隐私噪声，不是精确值。", "The numbers carry noise of differential privacy; none is exact."
    if number := len(shown["restrictions"]):
        yield (
            f"有 {number} 条规则限定了可见的行或值。",
            f"{_many(number, 'rule')} kept rows or values from the analysis.",
        )
    yield from _texts(shown["texts"])
    if number := len(shown["reasons"]):
        yield (
            f"另有 {number} 项无法自动判定，须由审核人判断。",
            f"{_many(number, 'point')} could not be computed: people must judge.",
        )


def _of_fields(lineage: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    fields = {(s["dataset"], s["field"]) for column in lineage for s in column["sources"]}
    if fields:
        tables = len({dataset for dataset, _ in fields})
        yield (
            f"输出来自 {tables} 个数据集的 {len(fields)} 个字段。",
            f"The output is made of {_many(len(fields), 'field')} of {_many(tables, 'data set')}.",
        )


def _left_out(taken: Iterable[Mapping[str, Any]], audience: str) -> Iterator[tuple[str, str]]:
    left_out = [t for t in taken if t["verdict"] not in {SAFE, NEAR}]
    for t in left_out:
        yield (
            f"有 {t['cells']} 个单元格不出域：{t['zh']}（规则 {t['rule']}）。",
            f"{_many(t['cells'], 'cell')} may not leave: {t['en']} (rule {t['rule']}).",
        )
    if audience == OPERATOR:
        yield (
            f"不出域的单元格按 {TOLD_IN} 个一档告知：不足一档时不说明有无。",
            f"Cells that may not leave are told in steps of {TOLD_IN}: of fewer it is not said whether there are any.",
        )
    elif not left_out:
        yield "没有单元格因贡献者而被抑制。", "No cell was suppressed for its contributors."


def _near(near: Iterable[Mapping[str, Any]], audience: str) -> Iterator[tuple[str, str]]:
    found = list(near)
    for n in found:
        what = Bilingual(**n["words"])
        yield (
            f"有 {n['cells']} 个单元格不出域：与{what.zh}过于接近。",
            f"{_many(n['cells'], 'cell')} may not leave: too near to {what.en}.",
        )
    if not found and audience != OPERATOR:
        yield "没有单元格与既往结果过于接近。", "No cell comes too near to an earlier result."


AS_IT_IS, ALL_OTHERS = "=", "*"
"""What a level of merged values is called in a report: the values themselves, and all others above the last field."""


def repair_sentences(shown: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """What merging and coding did to the output, in Chinese and English."""
    yield from _merged(shown["merged"])
    yield from _coded(shown["coded"])


def _merged(merged: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for m in merged:
        levels = [level for level in m["levels"] if level["level"] != AS_IT_IS]
        values, of = (sum(level["values"] for level in some) for some in (levels, m["levels"]))
        labels = sum(level["labels"] for level in levels)
        field, loss = f"{m['dataset']}.{m['field']}", f"{100 * m['loss']:.0f}%"
        what = f"{values} of {_many(of, 'value')} of {field} had too few contributors"
        yield (
            f"{field} 的 {of} 个取值中有 {values} 个因贡献者过少并入 {labels} 个较粗的取值；信息损失 {loss}。",
            f"{what} and were merged into {labels}; {loss} of the detail is lost.",
        )


def _coded(coded: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for c in coded:
        field = f"{c['dataset']}.{c['field']}"
        zh, en = zip(*_ends(c), strict=True)
        yield f"{field} 做了顶底编码：{'，'.join(zh)}。", f"{field} was coded at its ends: {' and '.join(en)}."
        if "of" in c:
            low, high, of = c["at_low"], c["at_high"], c["of"]
            yield (
                f"{field}：{of} 个主体中，{low} 个在下端，{high} 个在上端。",
                f"{field}: of {_many(of, 'subject')}, {low} at the low end and {high} at the high end.",
            )


def _ends(coded: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The ends of a coded field in words."""
    if coded["share"] is not None:
        share = f"{100 * coded['share']:g}%"
        yield f"两端各约 {share} 的主体记为端值", f"about {share} of the subjects at either end count as the end"
    if coded["low"] is not None:
        yield f"低于 {coded['low']} 的记为 {coded['low']}", f"values below {coded['low']} count as {coded['low']}"
    if coded["high"] is not None:
        yield f"高于 {coded['high']} 的记为 {coded['high']}", f"values above {coded['high']} count as {coded['high']}"


def repair_words(repair: Mapping[str, Any]) -> Bilingual:
    """What was done to a cell: a key that is several values merged, or a measure over a coded field."""
    field, level, members = repair["field"], repair["level"], repair["members"]
    if repair["kind"] == "top-bottom":
        return Bilingual(zh=f"{field} 已顶底编码", en=f"{field} coded at its ends")
    if level == ALL_OTHERS:
        return Bilingual(zh=f"{field}：其余 {members} 个取值合并", en=f"{field}: the other {_many(members, 'value')}")
    return Bilingual(
        zh=f"{field}：{members} 个取值并入 {level}", en=f"{field}: {_many(members, 'value')} merged into {level}"
    )


def _texts(texts: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    told = [t for t in texts if t["verdict"] != "chance"]
    for t in told:
        words = TEXT_VERDICTS[t["verdict"]]
        yield f"列 {t['column']} {words.zh}：{t['kind']}。", f"Column {t['column']}: {words.en} ({t['kind']})."
    if not told:
        yield "输出列中未发现标识。", "No identifier was found in the output's columns."


def _many(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
