"""How far is a run? A stage, a step by its number, and a coarse share: enough to wait by, nothing about the data."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

_PARTS = 20
"""A share is told in twentieths: finer ones would time what the engine does with single rows."""


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run stands: its `stage`, and in it the step `step` of `steps` (0 of 0: not known) with its `share` done.

    A step is told by its number, never by its name. `share`, 0 to 1, is the engine's own estimate, made coarse.
    """

    stage: str
    step: int = 0
    steps: int = 0
    share: float = 0.0

    @property
    def percent(self) -> int | None:
        """An estimate of the whole stage, as if every step took equally long; None when no step is known."""
        return int(100 * (self.step - 1 + self.share) / self.steps) if self.steps else None

    def at(self, step: int, steps: int, share: float) -> Progress:
        """The progress of the same stage at another step."""
        return Progress(stage=self.stage, step=step, steps=steps, share=int(share * _PARTS) / _PARTS)

    def to_json(self) -> dict[str, Any]:
        """As plain data, as it is kept."""
        return asdict(self)

    def told(self) -> dict[str, Any]:
        """As plain data for people and programs, with the estimate, said to be one."""
        return {**self.to_json(), "percent": self.percent, "estimate": True}

    def text(self) -> str:
        """In words: "running, step 3 of 7, about 34 % (estimate)"."""
        if self.percent is None:
            return self.stage
        return f"{self.stage}, step {self.step} of {self.steps}, about {self.percent} % (estimate)"


def progress_from_json(kept: dict[str, Any] | None) -> Progress | None:
    """What `Progress.to_json` gave; None for a run that has said nothing yet."""
    return None if kept is None else Progress(**kept)
