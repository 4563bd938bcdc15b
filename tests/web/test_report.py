"""Does the fragment of a check report read well, in both languages, and escape what it is given?"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from flask import render_template

from app.domain.proofs import ColumnLineage, FieldFlow
from app.domain.report_view import operators_view, reviewers_view
from app.web.server import create_server
from tests.jobs.deployment import Deployment
from tests.review.test_report_view import KNOWN, MINE, OTHERS, SECRET, report

EVIL = "<script>alert(1)</script>"


def render(here: Deployment, shown: dict[str, Any], lang: str) -> str:
    with create_server(here.store).test_request_context(f"/?lang={lang}"):
        return render_template("report.html", report=shown)


@pytest.mark.parametrize(("lang", "words"), [("zh", "贡献者过少"), ("en", "too few contributors")])
def test_tables_have_captions_and_scopes_and_every_word_is_there(here: Deployment, lang: str, words: str) -> None:
    text = render(here, reviewers_view(report(), KNOWN), lang)
    assert words in text
    assert text.count("<table>") == text.count("<caption>") == 6
    assert not re.search(r"<th(?! scope=\"(?:col|row)\")[ >]", text)
    assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=", text)
    assert OTHERS in text


def test_an_operator_sees_no_evidence_and_no_other_release(here: Deployment) -> None:
    many = replace(report(), near=((MINE, 12), (OTHERS, 25)))
    text = render(here, operators_view(many, KNOWN, "maps"), "en")
    assert text.count("<caption>") == 3
    assert OTHERS not in text
    assert SECRET not in text


def test_names_from_outside_are_escaped(here: Deployment) -> None:
    column = ColumnLineage(column=EVIL, sources=(FieldFlow(dataset=EVIL, field="f", use="show"),))
    text = render(here, reviewers_view(replace(report(), lineage=(column,)), KNOWN), "en")
    assert EVIL not in text
    assert "&lt;script&gt;" in text
