"""What does a job keep of the template that it runs? Which version, and a value for each parameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.parameters import ParameterType, Value, Values


@dataclass(frozen=True, kw_only=True)
class TemplateRun:
    """What a job keeps of the template version that it runs: which one, its digest, and a value for each parameter."""

    template: str
    name: str
    version: int
    digest: str
    values: Values

    def to_json(self) -> dict[str, Any]:
        """The run as plain data that `template_run_from_json` reads back."""
        values = [{"name": v.name, "type": v.type.value, "text": v.text} for v in self.values]
        return {
            "template": self.template,
            "name": self.name,
            "version": self.version,
            "digest": self.digest,
            "values": values,
        }

    def told(self) -> dict[str, Any]:
        """The run for people and programs: its values by name."""
        return {**self.to_json(), "values": {v.name: v.text for v in self.values}}


def run_text(told: Mapping[str, Any]) -> str:
    """A run, as `TemplateRun.told` tells it, in one line: "template share, version 2 (template-4d…): period = day"."""
    values = ", ".join(f"{name} = {text}" for name, text in told["values"].items()) or "-"
    return f"template {told['name']}, version {told['version']} ({told['template']}): {values}"


def template_run_from_json(kept: Mapping[str, Any] | None) -> TemplateRun | None:
    """The run that `TemplateRun.to_json` wrote; None for a job that runs no template."""
    if kept is None:
        return None
    values = tuple(Value(**{**v, "type": ParameterType(v["type"])}) for v in kept["values"])
    return TemplateRun(**{**kept, "values": values})
