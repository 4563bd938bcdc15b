"""Which answers would change if other rules were in force? Everything that can be asked again, weighed under both.

Each is asked as of the moment it was submitted and, as far as it may still act, at the present moment and at each
coming one at which a condition begins or ceases to hold: a rule that starts next year shows its effect now.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection

from app.domain.errors import Refusal
from app.domain.values import Dataset, FieldUse
from app.policy.conditions import Context, turns
from app.policy.decision import answers
from app.policy.enforcement import Answer
from app.policy.functions import FunctionTable
from app.policy.grants import collect
from app.policy.rules import NO_MATCH, Standing
from app.policy.snapshot import PolicySnapshot, snapshot
from app.policy.views import Viewer, restrict
from app.replay.asked import Asked, LeftOut, everything, is_live

MAX_MOMENTS = 100
"""Coming moments that are looked at; the nearest ones."""


@dataclass(frozen=True, kw_only=True)
class Flip:
    """One use whose answer changes: whether it was and would be permitted, and the ids of the deciding rules."""

    use: FieldUse
    before: bool
    after: bool
    rules_before: tuple[str, ...]
    rules_after: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Changed:
    """Something that would be answered otherwise, first at `at`.

    `before` and `after` say whether all of it is permitted: of a job every use, of an authorization the uses that
    change (a grant for every field never covered those that a rule protects).
    """

    asked: Asked
    at: datetime
    before: bool
    after: bool
    flips: tuple[Flip, ...]


@dataclass(frozen=True, kw_only=True)
class Replay:
    """What would change from the rules `before` to the rules `after` (names of versions), as asked at `at`."""

    before: str
    after: str
    at: datetime
    moments: tuple[datetime, ...]
    jobs: int
    authorizations: int
    changes: tuple[Changed, ...]
    left_out: tuple[LeftOut, ...]

    def counts(self) -> dict[str, int]:
        """How many were asked and how many change: jobs to refused, to permitted, in part; authorizations; left out."""
        jobs = [(c.before, c.after) for c in self.changes if c.asked.kind == "job"]
        return {
            "jobs": self.jobs,
            "jobs_refused": jobs.count((True, False)),
            "jobs_permitted": jobs.count((False, True)),
            "jobs_in_part": jobs.count((True, True)) + jobs.count((False, False)),
            "authorizations": self.authorizations,
            "authorizations_changed": len(self.changes) - len(jobs),
            "left_out": len(self.left_out),
        }


@dataclass(frozen=True, kw_only=True)
class _Weighed:
    """One use under one policy: whether it is permitted, and the ids of the rules that say so."""

    use: FieldUse
    allowed: bool
    rules: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Scales:
    """The two sets of rules, weighed against each other; snapshots are kept per authorization and data sets."""

    before: Standing
    after: Standing
    _kept: dict[tuple[str, str, tuple[Dataset, ...]], PolicySnapshot] = field(default_factory=dict)

    def changed(self, asked: Asked, moments: Iterable[datetime]) -> Changed | None:
        """How the answer to `asked` changes at the first of `moments` at which it does; None when it never does."""
        for now in moments:
            context = Context(now=now, purpose=asked.held.purpose, product=asked.held.product)
            first, second = (self._answers(standing, asked, context) for standing in (self.before, self.after))
            pairs = list(zip(first, second, strict=True))
            flips = tuple(_flip(old, new) for old, new in pairs if old.allowed != new.allowed)
            if flips:
                whole = [(old.allowed, new.allowed) for old, new in pairs]
                if asked.kind == "authorization":
                    whole = [(f.before, f.after) for f in flips]
                before, after = (all(side) for side in zip(*whole, strict=True))
                return Changed(asked=asked, at=now, before=before, after=after, flips=flips)
        return None

    def _answers(self, standing: Standing, asked: Asked, context: Context) -> list[_Weighed]:
        """What `standing` answers to each use; where a rule on rows or masks does not fit, nothing is permitted."""
        held = asked.held
        try:
            seen = restrict(standing, asked.datasets, Viewer.of(held), context)
        except Refusal as refusal:
            unfit = tuple(dict.fromkeys(f.rule or NO_MATCH for f in refusal.findings))
            whole = answers(
                self._snapshot(standing, asked, asked.datasets), held.id, asked.datasets, asked.uses, context
            )
            return [_Weighed(use=use, allowed=False, rules=unfit) for use, _ in whole]
        found = answers(self._snapshot(standing, asked, seen), held.id, seen, asked.uses, context)
        return [_Weighed(use=use, allowed=answer.allowed, rules=_names(answer)) for use, answer in found]

    def _snapshot(self, standing: Standing, asked: Asked, seen: tuple[Dataset, ...]) -> PolicySnapshot:
        place = (standing.digest, asked.held.id, seen)
        if place not in self._kept:
            grants = {asked.held.id: collect(asked.held.uses, purpose=asked.held.purpose)}
            self._kept[place] = snapshot(standing, grants, seen)
        return self._kept[place]


def replay(
    connection: Connection, *, before: Standing, after: Standing, functions: FunctionTable, now: datetime
) -> Replay:
    """Ask every past job and every live authorization under both sets of rules."""
    scales, ahead = Scales(before=before, after=after), moments(before, after, now)
    changes: list[Changed] = []
    left_out: list[LeftOut] = []
    counts = {"job": 0, "authorization": 0}
    for each in everything(connection, (before, after), functions, now):
        if isinstance(each, LeftOut):
            left_out.append(each)
            continue
        counts[each.kind] += 1
        changed = scales.changed(each, _when(each, ahead, now))
        if changed is not None:
            changes.append(changed)
    return Replay(
        before=before.id,
        after=after.id,
        at=now,
        moments=ahead,
        jobs=counts["job"],
        authorizations=counts["authorization"],
        changes=tuple(changes),
        left_out=tuple(left_out),
    )


def _when(asked: Asked, ahead: Iterable[datetime], now: datetime) -> list[datetime]:
    """When to ask: as of the submission, and while the authorization lasts at the moments `ahead`."""
    end = asked.held.valid_until
    coming = [m for m in ahead if end is None or m < end] if is_live(asked.held, now) else []
    return coming if asked.since is None else [asked.since, *coming]


def moments(before: Standing, after: Standing, now: datetime) -> tuple[datetime, ...]:
    """The present moment and those ahead at which a condition of either policy turns, the nearest `MAX_MOMENTS`.

    Hours turn every day: they are looked at after the present moment and after each one-time turn.
    """
    conditions = before.conditions | after.conditions
    steps = {now, *(turn for c in conditions for turn in turns(c, now))}
    ahead = steps | {turn for step in steps for c in conditions for turn in turns(c, step)}
    return tuple(sorted(ahead)[:MAX_MOMENTS])


def _flip(old: _Weighed, new: _Weighed) -> Flip:
    return Flip(use=old.use, before=old.allowed, after=new.allowed, rules_before=old.rules, rules_after=new.rules)


def _names(answer: Answer) -> tuple[str, ...]:
    return tuple(r.id for r in answer.deciding) or (NO_MATCH,)
