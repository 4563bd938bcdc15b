"""Does every error code have its sentences, and every sentence its code?"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

from app.domain.errors import messages
from sandbox.protocol import CODES
from tests.architecture.source import PRODUCT, ROOT, nodes, place, tracked

ERRORS = {"Refusal", "Invalid", "Unavailable", "Broken"}
FROM_THE_FINDING = {"dataset", "field", "use", "rule"}
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _code_argument(call: ast.Call) -> ast.expr | None:
    """The expression that gives the code, when `call` builds an error or a finding."""
    if _called(call) in ERRORS and call.args:
        return call.args[0]
    if _called(call) == "Finding":
        return next((k.value for k in call.keywords if k.arg == "code"), None)
    return None


def _literal(node: ast.expr | None) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _raised() -> list[tuple[Path, ast.Call, str]]:
    """Every error or finding built with a code in place."""
    calls = [(f, n) for f, n in nodes("app") if isinstance(n, ast.Call)]
    return [(f, n, code) for f, n in calls if (code := _literal(_code_argument(n)))]


def _pairs(node: ast.expr) -> set[str] | None:
    """The parameter names of a literal `params=((name, value), …)`; None when it is computed."""
    if not isinstance(node, ast.Tuple):
        return None
    firsts = [_literal(e.elts[0]) if isinstance(e, ast.Tuple) and e.elts else None for e in node.elts]
    return {f for f in firsts if f} if all(firsts) else None


def _given(call: ast.Call) -> set[str] | None:
    """The template parameters that `call` gives; None when that cannot be read from the code."""
    if any(k.arg is None for k in call.keywords):
        return None
    names = {k.arg for k in call.keywords if k.arg}
    if _called(call) != "Finding":
        return names
    params = next((k.value for k in call.keywords if k.arg == "params"), None)
    pairs = set() if params is None else _pairs(params)
    return None if pairs is None else pairs | (names & FROM_THE_FINDING)


def _fields(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_every_code_in_the_code_has_sentences() -> None:
    unknown = {f"{place(f, n.lineno)} {code}" for f, n, code in _raised() if code not in messages()}
    assert not unknown


def test_every_error_fills_its_sentence() -> None:
    missing = set()
    for file, call, code in _raised():
        given, message = _given(call), messages().get(code)
        if given is not None and message is not None and (gap := message.parameters() - given):
            missing.add(f"{place(file, call.lineno)} {code} lacks {sorted(gap)}")
    assert not missing


def _mentioned() -> tuple[set[str], tuple[str, ...]]:
    """Strings that look like codes anywhere in the product, and the beginnings of codes that are put together."""
    whole: set[str] = set()
    beginnings: set[str] = set()
    for _, node in nodes(*PRODUCT):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            whole.add(node.value)
        if isinstance(node, ast.JoinedStr) and node.values and (start := _literal(node.values[0])):
            beginnings.add(start)
    for file in (f for f in tracked() if f.relative_to(ROOT).parts[0] == "policies"):
        whole |= {m.group() for m in CODE.finditer(file.read_text(encoding="utf-8"))}
    return whole, tuple(b for b in beginnings if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*-", b))


def test_every_sentence_belongs_to_a_code_that_can_happen() -> None:
    whole, beginnings = _mentioned()
    assert not {code for code in messages() if code not in whole and not code.startswith(beginnings)}


def _said(text: str) -> set[str]:
    """What a template speaks of; a parameter may have one text per language: `why_zh` and `why_en`, or `why`."""
    return {name.removesuffix("_zh").removesuffix("_en") for name in _fields(text)}


def test_both_languages_name_the_same_things() -> None:
    texts = {code: (m.what, m.remedy) for code, m in messages().items()}
    assert not {code for code, pair in texts.items() if any(_said(t.zh) != _said(t.en) for t in pair)}


def test_codes_are_nouns_in_kebab_case() -> None:
    assert not {code for code in messages() if not CODE.fullmatch(code)}


def test_every_code_of_the_sandbox_has_sentences() -> None:
    known = set(messages())
    assert not {code for code in CODES if not known & {code, f"sandbox-{code}"}}
