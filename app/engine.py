"""What does evaluating a query need that stays the same from query to query? Rules, functions, and the sandbox."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from types import MappingProxyType

from app.disclosure.repairs import load_repairs
from app.disclosure.rules import EgressRules, load_rules
from app.domain.repairs import Repair
from app.policy.functions import FunctionTable, load_functions
from app.policy.limits import load_limits
from app.policy.rules import Standing
from app.policy.rules_files import load_standing
from sandbox.launcher import Launcher
from sandbox.protocol import Answer, Limits, MountTask


@dataclass(frozen=True, kw_only=True)
class Engine:
    """The rules of `policies/` as read once, and the launcher of the sandbox.

    `repairs` are what may be done to numbers, by kind; `limits` are those of each kind of task: "query", "mount",
    "rehearse", "inspect".
    """

    functions: FunctionTable
    standing: Standing
    rules: EgressRules
    repairs: Mapping[str, Repair]
    limits: Mapping[str, Limits]
    launcher: Launcher
    require_isolation: bool

    @staticmethod
    def load(
        policies: Path, launcher: Launcher, *, require_isolation: bool, standing: Standing | None = None
    ) -> Engine:
        """Read every rule; raises when one of them is not sound, so that nothing runs under half a policy.

        `standing` are the rules in force in a deployment; None: those of the files.
        """
        rules = load_rules(policies)
        limits = dict(load_limits(policies))
        limits["query"] = replace(limits["query"], result_rows=min(rules.max_rows, limits["query"].result_rows))
        return Engine(
            functions=load_functions(policies),
            standing=standing or load_standing(policies),
            rules=rules,
            repairs=load_repairs(policies),
            limits=MappingProxyType(limits),
            launcher=launcher,
            require_isolation=require_isolation,
        )

    def callable_functions(self) -> tuple[str, ...]:
        """Every function that generated SQL may call: the guard in the sandbox knows no other."""
        return tuple(sorted({*self.functions.classes, *self.functions.syntax}))

    @property
    def version(self) -> str:
        """The engine that runs in the sandbox, with its version."""
        return f"DuckDB {metadata.version('duckdb')}"

    def mount(self, task: MountTask, scratch: Path, /) -> Answer:
        """Run a mount task under the limits of its kind: a `Mounter` of `app.catalog.mounting`."""
        limited = replace(task, limits=self.limits["mount"])
        return self.launcher.run(limited, scratch, require_isolation=self.require_isolation)
