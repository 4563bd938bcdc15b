"""How does Sluice say no? One root, four branches; every error has a stable code and a sentence in both languages.

    SluiceError
    ├── Refusal      we say no                      HTTP 403, exit 4
    ├── Invalid      your input is not acceptable   HTTP 422, exit 1
    ├── Unavailable  try again later                HTTP 503, exit 5
    └── Broken       our fault                      HTTP 500, exit 70

The sentences live in `app/domain/messages/*.toml`, one table per code with `zh`, `en`, `do_zh` and `do_en`; a code
without sentences cannot be raised.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import ClassVar

from app.domain.values import Bilingual, Position


@dataclass(frozen=True, kw_only=True)
class Message:
    """The sentence of a code (`what`) and what to do next (`remedy`), as templates with named fields."""

    what: Bilingual
    remedy: Bilingual

    def parameters(self) -> frozenset[str]:
        """Names of the template fields in any of the four texts."""
        texts = (self.what.zh, self.what.en, self.remedy.zh, self.remedy.en)
        return frozenset(name for t in texts for _, name, _, _ in Formatter().parse(t) if name)


@cache
def messages() -> dict[str, Message]:
    """Every code with its message.

    Raises ValueError when two files define one code or a text is missing.
    """
    found: dict[str, Message] = {}
    for file in sorted(files("app.domain").joinpath("messages").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        for code, texts in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if code in found or set(texts) != {"zh", "en", "do_zh", "do_en"}:
                raise ValueError(f"{file.name}: {code} is defined twice or lacks a text")
            found[code] = Message(
                what=Bilingual(zh=texts["zh"], en=texts["en"]),
                remedy=Bilingual(zh=texts["do_zh"], en=texts["do_en"]),
            )
    return found


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One reason why something is refused, reviewed or rejected, with the place it concerns.

    `code` is stable; `params` fill its sentence. What does not apply is None.
    """

    code: str
    params: tuple[tuple[str, str], ...] = ()
    dataset: str | None = None
    field: str | None = None
    use: str | None = None
    position: Position | None = None
    rule: str | None = None

    def message(self) -> Bilingual:
        """What happened, in both languages."""
        return self._fill(messages()[self.code].what)

    def remedy(self) -> Bilingual:
        """What to do next, in both languages."""
        return self._fill(messages()[self.code].remedy)

    def _fill(self, text: Bilingual) -> Bilingual:
        values = {"dataset": self.dataset, "field": self.field, "use": self.use, "rule": self.rule}
        values |= dict(self.params)
        return Bilingual(zh=text.zh.format_map(values), en=text.en.format_map(values))

    def to_json(self) -> dict[str, object]:
        """The finding as plain data: code, sentences, place and rule."""
        message, remedy = self.message(), self.remedy()
        return {
            "code": self.code,
            "message": message.en,
            "message_zh": message.zh,
            "remedy": remedy.en,
            "remedy_zh": remedy.zh,
            "dataset": self.dataset,
            "field": self.field,
            "use": self.use,
            "line": self.position.line if self.position else None,
            "column": self.position.column if self.position else None,
            "rule": self.rule,
        }


class SluiceError(Exception):
    """The root: carries one or more findings, the first of which names the error."""

    http_status: ClassVar[int] = 500
    exit_code: ClassVar[int] = 70

    def __init__(self, code: str | Finding, /, *more: Finding, **params: object) -> None:
        """`code` is a code with its template parameters, or a ready finding; `more` findings may follow."""
        if isinstance(code, Finding):
            first = code
        else:
            first = Finding(code=code, params=tuple((k, str(v)) for k, v in params.items()))
        self.findings: tuple[Finding, ...] = (first, *more)
        super().__init__(first.message().en)

    @property
    def code(self) -> str:
        """The stable code of the first finding."""
        return self.findings[0].code


class Refusal(SluiceError):
    """We say no: a policy, a rule, a state or a separation of duties forbids it."""

    http_status = 403
    exit_code = 4


class Invalid(SluiceError):
    """The input is not acceptable as it stands; nothing was changed."""

    http_status = 422
    exit_code = 1


class Unavailable(SluiceError):
    """Something needed is not there now; nothing was changed, trying again may help."""

    http_status = 503
    exit_code = 5


class Broken(SluiceError):
    """Our own fault: an invariant does not hold."""

    http_status = 500
    exit_code = 70
