"""Are rule files read as they are written, and is all that is wrong named with file, line and what to do?"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from app.domain.errors import Finding, Invalid
from app.policy.rules import COLUMNS
from app.policy.rules_files import load_model, load_standing, read_rules
from app.policy.soundness import Known, notes
from tests.policies.policy_world import DATASETS, POLICIES, STANDING

HEAD = ",".join(COLUMNS)
MODEL = load_model(POLICIES)


def a_folder(folder: Path, *rows: str, texts: str | None = None, head: str = HEAD) -> Path:
    """A policy folder with these rows, and a sentence for each unless `texts` are given."""
    said = "".join(f'[{row.partition(",")[0]}]\nzh = "说明"\nen = "words"\n' for row in rows)
    (folder / "standing.csv").write_text("\n".join((head, *rows)) + "\n", encoding="utf-8")
    (folder / "rules.toml").write_text(said if texts is None else texts, encoding="utf-8")
    return folder


def problems(folder: Path) -> list[Finding]:
    with pytest.raises(Invalid) as caught:
        read_rules(folder, MODEL)
    return list(caught.value.findings)


def test_the_rules_of_the_program_are_right_and_each_has_its_line() -> None:
    read = read_rules(POLICIES / "use", MODEL)
    assert read.standing == STANDING == load_standing(POLICIES)
    lines = (POLICIES / "use" / "standing.csv").read_text(encoding="utf-8").splitlines()
    for each in STANDING.rules:
        file, _, line = read.places[each.id].partition(":")
        assert file == "standing.csv"
        assert lines[int(line) - 1].startswith(f"{each.id},")


def test_a_table_is_read_with_the_texts_beside_it(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "r1,*,*,*,show,,deny")
    assert read_rules(folder / "standing.csv", MODEL) == read_rules(folder, MODEL)


def test_everything_that_is_wrong_is_named_at_once_with_its_line(tmp_path: Path) -> None:
    folder = a_folder(
        tmp_path,
        "r1,*,*,level:L9,look,,deny",
        'r2,*,*,*,show,"{""hour"":[8,20]}",DENY',
        "r3,*,*,*,show,deny",
        "r4,*,*,*,show,,deny",
        "r4,*,*,*,group,,deny",
        texts='[r1]\nzh = "说"\nen = "w"\n[r2]\nzh = "说"\nen = " "\n[r9]\nzh = "说"\nen = "w"\n',
    )
    found = [(f.code, dict(f.params).get("place"), dict(f.params).get("column")) for f in problems(folder)]
    assert found == [
        ("policy-rule-text", "rules.toml:4", None),
        ("policy-rule-text", "rules.toml:7", None),
        ("policy-rule-value", "standing.csv:2", "field"),
        ("policy-rule-value", "standing.csv:2", "use"),
        ("policy-rule-value", "standing.csv:3", "effect"),
        ("policy-rule-value", "standing.csv:3", "condition"),
        ("policy-rule-columns", "standing.csv:4", None),
        ("policy-rule-twice", "standing.csv:5, standing.csv:6", None),
        ("policy-rule-without-text", "standing.csv:5", None),
    ]
    for finding in problems(folder):
        assert finding.message().zh != finding.message().en
        assert finding.remedy().en


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda f: (f / "standing.csv").unlink(), "policy-file-unreadable"),
        (lambda f: (f / "rules.toml").unlink(), "policy-file-unreadable"),
        (lambda f: (f / "standing.csv").write_bytes(b"\xff\xfe\xff"), "policy-file-unreadable"),
        (lambda f: (f / "standing.csv").write_text(f'{HEAD}\nr1,*,*,*,show,"x"y,deny\n'), "policy-file-syntax"),
        (lambda f: (f / "rules.toml").write_text("[r1\n"), "policy-file-syntax"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, spoil: object, code: str) -> None:
    folder = a_folder(tmp_path, "r1,*,*,*,show,,deny")
    spoil(folder)  # type: ignore[operator]
    assert code in [f.code for f in problems(folder)]


def test_a_policy_cannot_bring_a_model_of_its_own(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "r1,*,*,*,show,,deny")
    shutil.copy(POLICIES / "use" / "model.conf", folder)
    read_rules(folder, MODEL)
    (folder / "model.conf").write_text(MODEL.replace("!some(where (p.eft == deny))", "some(where (p.eft == allow))"))
    assert [f.code for f in problems(folder)] == ["policy-model-foreign"]


def test_a_number_of_rules_is_read_in_order_with_comments_left_out(tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "b,*,*,*,show,,deny", "a,*,*,*,group,,allow")
    table = folder / "standing.csv"
    table.write_text(table.read_text().replace("b,*", "# why\n\nb,*"))
    assert [r.id for r in read_rules(folder, MODEL).standing.rules] == ["b", "a"]


# ------------------------------------------------------------------ notes


def noted(folder: Path, known: Known | None = None) -> list[tuple[str, str | None, str]]:
    read = read_rules(folder, MODEL)
    return [(f.code, f.rule, f.message().en) for f in notes(read.standing, read.places, known)]


def test_the_rules_of_the_program_give_no_note() -> None:
    assert notes(STANDING, {}, Known(datasets=DATASETS)) == ()


def test_a_rule_that_a_wider_one_covers_is_noted(tmp_path: Path) -> None:
    folder = a_folder(
        tmp_path,
        "wide,*,*,*,aggregate:*,,deny",
        "never,*,hw_incident,name:fee,aggregate:sum,,allow",
        "again,*,kind:public,*,aggregate:*,,deny",
        "other,*,*,*,show,,deny",
        "twin,*,*,*,show,,deny",
        'sometimes,*,*,level:L3,group,"{""hours"":[8,20]}",deny',
        "always,*,*,level:L3,group,,allow",
    )
    assert [rule for _, rule, _ in noted(folder)] == ["never", "again", "twin"]
    assert "wide" in noted(folder)[0][2]


def test_a_condition_that_can_never_hold_is_noted(tmp_path: Path) -> None:
    folder = a_folder(
        tmp_path,
        'never,*,*,*,show,"{""from"":""2027-01-01T00:00:00+08:00"",""before"":""2026-01-01T00:00:00+08:00""}",deny',
        'nowhere,*,*,level:L3,group,"{""level"":[""L2""]}",deny',
        'fine,*,*,level:L3,link,"{""level"":[""L3""]}",deny',
    )
    assert [(code, rule) for code, rule, _ in noted(folder)] == [
        ("policy-note-impossible", "never"),
        ("policy-note-impossible", "nowhere"),
    ]


def test_names_that_nothing_has_are_noted_with_the_nearest_one(tmp_path: Path) -> None:
    folder = a_folder(
        tmp_path,
        "r1,*,hw_incidnt,*,show,,deny",
        "r2,*,hw_incident,name:raod,show,,deny",
        "r3,auth-9,*,*,group,,deny",
        "r4,*,provider:hz-higway,*,link,,deny",
        "r5,auth-1,kind:public,name:road,extreme,,deny",
    )
    assert noted(folder) == []
    known = Known(datasets=DATASETS, authorizations=frozenset({"auth-1"}))
    found = noted(folder, known)
    assert [rule for _, rule, _ in found] == ["r1", "r2", "r3", "r4"]
    for (_, _, message), near in zip(found, ("hw_incident", "name:road", "auth-1", "provider:hz-highway"), strict=True):
        assert f"Did you mean {near}?" in message


def test_the_digest_of_standing_rules_does_not_depend_on_their_order_and_does_on_each_of_them() -> None:
    assert replace(STANDING, rules=STANDING.rules[::-1]).digest == STANDING.digest
    assert replace(STANDING, rules=STANDING.rules[1:]).digest != STANDING.digest
    assert replace(STANDING, model=STANDING.model + "#").digest != STANDING.digest
