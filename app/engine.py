"""What does evaluating a query need that stays the same from query to query? Rules, functions, and the sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.disclosure.rules import EgressRules, load_rules
from app.policy.functions import FunctionTable, load_functions
from app.policy.rules import Standing, load_standing
from sandbox.launcher import Launcher
from sandbox.protocol import Limits


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The rules of `policies/` as read once, and the launcher of the sandbox."""

    functions: FunctionTable
    standing: Standing
    rules: EgressRules
    launcher: Launcher
    require_isolation: bool

    @staticmethod
    def load(policies: Path, launcher: Launcher, *, require_isolation: bool) -> Engine:
        """Read every rule; raises when one of them is not sound, so that nothing runs under half a policy."""
        return Engine(
            functions=load_functions(policies),
            standing=load_standing(policies),
            rules=load_rules(policies),
            launcher=launcher,
            require_isolation=require_isolation,
        )

    def callable_functions(self) -> tuple[str, ...]:
        """Every function that generated SQL may call: the guard in the sandbox knows no other."""
        return tuple(sorted({*self.functions.classes, *self.functions.syntax}))

    def limits(self) -> Limits:
        """What one query may use."""
        return Limits(result_rows=self.rules.max_rows)
