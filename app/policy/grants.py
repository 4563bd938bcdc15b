"""Which uses of which fields does somebody hold or ask for? The shape of the uses file, as values and as rules."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from app.policy.conditions import canonical
from app.policy.rules import ANY, Effect, Rule

FieldUses = Mapping[str, Mapping[str, tuple[str, ...]]]
"""Data set → field ("*" for every field, and for its rows as such) → uses."""


@dataclass(frozen=True, kw_only=True)
class Uses:
    """The uses of fields that are granted, held or asked for.

    `condition` is a JSON object of predicates under which they hold, `purpose` the only purpose they serve, if any.
    """

    fields: FieldUses
    purpose: str | None = None
    condition: str = ""

    def __iter__(self) -> Iterator[tuple[str, str, str]]:
        """Every (data set, field, use), in order."""
        for dataset, fields in self.fields.items():
            for field, uses in fields.items():
                for use in uses:
                    yield dataset, field, use

    def to_document(self) -> dict[str, object]:
        """The uses file as plain data."""
        purpose = {} if self.purpose is None else {"purpose": self.purpose}
        return purpose | {"uses": {d: {f: list(u) for f, u in fs.items()} for d, fs in self.fields.items()}}

    def to_toml(self) -> str:
        """The uses file as TOML text, ready to submit."""
        lines = [] if self.purpose is None else [f"purpose = {quoted(self.purpose)}", ""]
        for dataset, fields in self.fields.items():
            lines.append(f"[uses.{quoted_key(dataset)}]")
            lines += [f"{quoted_key(f)} = [{', '.join(map(quoted, uses))}]" for f, uses in fields.items()]
            lines.append("")
        return "\n".join(lines)

    def rules(self, authorization: str) -> tuple[Rule, ...]:
        """The allow rules that grant these uses to `authorization`; ids say who, what and how."""
        condition = json.loads(self.condition) if self.condition else {}
        if self.purpose is not None:
            condition["purpose"] = [self.purpose]
        text = canonical(json.dumps(condition, ensure_ascii=False), authorization)
        return tuple(
            Rule(
                id=f"{authorization}/{dataset}.{field}/{use}",
                subject=authorization,
                dataset=dataset,
                field=ANY if field == ANY else f"name:{field}",
                use=use,
                condition=text,
                effect=Effect.ALLOW,
            )
            for dataset, field, use in self
        )


def collect(uses: Iterable[tuple[str, str, str]], purpose: str | None = None) -> Uses:
    """The (data set, field, use) triples in the shape of the uses file, sorted and without repetition."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for dataset, field, use in sorted(set(uses)):
        fields = found.setdefault(dataset, {})
        fields[field] = (*fields.get(field, ()), use)
    frozen: FieldUses = MappingProxyType({d: MappingProxyType(fs) for d, fs in found.items()})
    return Uses(fields=frozen, purpose=purpose)


def quoted(text: str) -> str:
    """`text` as a TOML string."""
    return json.dumps(text, ensure_ascii=False)


def quoted_key(text: str) -> str:
    """`text` as a TOML key."""
    bare = text.isascii() and text.replace("_", "").replace("-", "").isalnum()
    return text if bare else quoted(text)
