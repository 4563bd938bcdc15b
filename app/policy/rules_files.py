"""What do the rule files of a policy say? CSV and TOML → `Standing`; every problem at once, with file and line."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from app.domain.errors import Finding, Invalid
from app.domain.values import Bilingual
from app.policy.grants import quoted, quoted_key
from app.policy.rules import COLUMNS, FILES, Rule, Standing, rule
from app.policy.view_rules import NO_VIEWS, Views
from app.policy.views_file import read_views, to_toml

MODEL, RULES, TEXTS, VIEWS = "model.conf", "standing.csv", "rules.toml", "views.toml"
"""Files of a policy folder: Casbin's model, the rules, what each says to people, and the rules on rows and masks.

There need not be any of the last kind."""


@dataclass(frozen=True, kw_only=True)
class RulesFolder:
    """A policy as it stands in files: its rules, and where each of them stands ("standing.csv:12")."""

    standing: Standing
    places: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """One policy being read: its sound rules, the place of every id, and what is wrong."""

    rules: list[Rule] = field(default_factory=list)
    places: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def wrong(self, code: str, **params: object) -> None:
        self.findings.append(Finding(code=code, params=tuple((k, str(v)) for k, v in params.items())))

    def text(self, file: Path) -> str | None:
        try:
            return file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            self.wrong("policy-file-unreadable", file=file.name, why=type(error).__name__)
            return None

    def read_table(self, file: Path) -> None:
        """Take in every row; lines that begin with # are comments."""
        reader = csv.reader((self.text(file) or "").splitlines(), strict=True)
        try:
            for cells in reader:
                if cells and not cells[0].startswith("#") and tuple(cells) != COLUMNS:
                    self._row(f"{file.name}:{reader.line_num}", cells)
        except csv.Error as error:
            self.wrong("policy-file-syntax", file=f"{file.name}:{reader.line_num}", problem=error)

    def _row(self, place: str, cells: list[str]) -> None:
        if len(cells) != len(COLUMNS):
            self.wrong("policy-rule-columns", place=place, columns=", ".join(COLUMNS))
            return
        name = cells[0]
        if name in self.places:
            self.wrong("policy-rule-twice", rule=name, place=f"{self.places[name]}, {place}")
        self.places.setdefault(name, place)
        try:
            self.rules.append(rule(place, dict(zip(COLUMNS, cells, strict=True))))
        except Invalid as error:
            self.findings.extend(error.findings)

    def read_texts(self, file: Path) -> dict[str, Any]:
        """The sentences of the rules: two for every rule, and none for anything else."""
        text = self.text(file)
        if text is None:
            return {}
        try:
            texts = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            self.wrong("policy-file-syntax", file=file.name, problem=error)
            return {}
        for name in self.places.keys() - texts.keys():
            self.wrong("policy-rule-without-text", rule=name, place=self.places[name], file=file.name)
        heads = {line.strip(): number for number, line in enumerate(text.splitlines(), start=1)}
        for name, said in texts.items():
            if name not in self.places or not _is_text(said):
                self.wrong("policy-rule-text", rule=name, place=f"{file.name}:{heads.get(f'[{name}]', 1)}")
        return texts

    def read_views(self, file: Path) -> Views:
        """The rules about rows and masks; none where there is no such file."""
        text = self.text(file) if file.exists() else None
        if text is None:
            return NO_VIEWS
        views, places, findings = read_views(text, file.name)
        self.findings.extend(findings)
        for name, place in places:
            if name in self.places:
                self.wrong("policy-rule-twice", rule=name, place=f"{self.places[name]}, {place}")
            self.places.setdefault(name, place)
        return views


def read_rules(source: Path, model: str) -> RulesFolder:
    """The policy in the folder `source`, or in the CSV file `source` with its texts file beside it.

    `model` is Casbin's model of this program: a folder may repeat it and cannot change it. Raises one Invalid with
    everything that is wrong: "policy-file-unreadable", "policy-file-syntax", "policy-rule-columns",
    "policy-rule-value", "policy-rule-twice", "policy-rule-text", "policy-rule-without-text", "policy-model-foreign".
    """
    reader = _Reader()
    table = source / RULES if source.is_dir() else source
    reader.read_table(table)
    texts = reader.read_texts(table.with_name(TEXTS))
    views = reader.read_views(table.with_name(VIEWS))
    own_model = table.with_name(MODEL)
    if own_model.is_file() and _essence(reader.text(own_model) or "") != _essence(model):
        reader.wrong("policy-model-foreign", file=own_model.name)
    if reader.findings:
        raise Invalid(*sorted(reader.findings, key=_place))
    standing = replace(assemble(model, reader.rules, texts), views=views)
    return RulesFolder(standing=standing, places=MappingProxyType(reader.places))


def assemble(model: str, rules: Iterable[Rule], texts: Mapping[str, Mapping[str, str]], name: str = FILES) -> Standing:
    """Standing rules called `name`, from parts that have passed every check."""
    said = {i: Bilingual(zh=t["zh"], en=t["en"]) for i, t in texts.items()}
    return Standing(model=model, rules=tuple(rules), texts=MappingProxyType(said), id=name)


def write_rules(standing: Standing, folder: Path) -> None:
    """Write the rules and their sentences into `folder`, as `read_rules` reads them.

    Raises Invalid("policy-folder-taken") rather than write over a policy.
    """
    if any((folder / name).exists() for name in (RULES, TEXTS, VIEWS)):
        raise Invalid("policy-folder-taken", folder=folder)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / RULES).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *(r.row() for r in standing.rules)])
    said = (
        f"[{quoted_key(name)}]\nzh = {quoted(text.zh)}\nen = {quoted(text.en)}\n"
        for name, text in standing.texts.items()
    )
    (folder / TEXTS).write_text("\n".join(said), encoding="utf-8")
    if any(standing.views):
        (folder / VIEWS).write_text(to_toml(standing.views), encoding="utf-8")


def load_standing(policies: Path) -> Standing:
    """The standing rules that come with the program, in `policies`/use, as `read_rules` reads them."""
    return read_rules(policies / "use", load_model(policies)).standing


def load_model(policies: Path) -> str:
    """Casbin's model of the use policy; raises Invalid("policy-file-unreadable")."""
    reader = _Reader()
    model = reader.text(policies / "use" / MODEL)
    if model is None:
        raise Invalid(reader.findings[0])
    return model


def _is_text(said: object) -> bool:
    return (
        isinstance(said, dict)
        and set(said) == {"zh", "en"}
        and all(isinstance(text, str) and text.strip() for text in said.values())
    )


def _essence(model: str) -> list[str]:
    """The lines of a model that say something."""
    return [line.strip() for line in model.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def _place(finding: Finding) -> tuple[str, int]:
    """File and line of a finding, for reading them in order."""
    params = dict(finding.params)
    file, _, line = params.get("place", params.get("file", "")).partition(",")[0].partition(":")
    return file, int(line) if line.isdigit() else 0
