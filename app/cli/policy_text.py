"""How do people read differences, explanations, replays and tests of policies? Text in the configured language."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from app.cli.policy_sources import spoken
from app.policy.words import label, sentence

if TYPE_CHECKING:
    from app.policy.cases import Verdict
    from app.policy.difference import RuleChange
    from app.policy.explanation import Explanation

MARKS = {"added": "+", "removed": "-", "changed": "~", "reworded": "="}
KINDS = tuple(MARKS)
SHOWN = 20
"""Changed answers that people see; JSON has all of them."""


def difference_text(changes: tuple[RuleChange, ...]) -> str:
    """A difference for people: each rule in plain words, then how many of each kind."""
    if not changes:
        return spoken(label("nothing"))
    lines = []
    for change in changes:
        columns = f" [{', '.join(change.columns)}]" if change.columns else ""
        lines.append(f"{MARKS[change.kind]} {change.id}{columns} · {spoken(label(change.direction))}")
        sides = {"was": change.before, "now": change.after}
        both = change.before is not None and change.after is not None and change.before != change.after
        for word, rule in sides.items():
            if rule is not None and (both or word == "now" or change.after is None):
                lines.append(f"    {spoken(label(word)) + ': ' if both else ''}{spoken(sentence(rule))}")
        if change.text is not None:
            lines.append(f"    {spoken(label('says'))}: {spoken(change.text)}")
    kinds = [c.kind.value for c in changes]
    return "\n".join([*lines, ", ".join(f"{spoken(label(k))} {kinds.count(k)}" for k in KINDS)])


def explanation_text(found: Explanation) -> str:
    """An explanation for people: the answer, then every rule with what it does to it."""
    version, _, digest = found.policy.partition("@")
    answered, lines = found.answer, [spoken(found.why), spoken(label("version", id=version, digest=digest[:12]))]
    if found.mask is not None:
        lines.append(spoken(label("masked", rule=found.mask.rule, kind=found.mask.kind)))
        lines.append(f"    {spoken(label('says'))}: {spoken(found.mask.text)}")
    for rule in answered.rules:
        deciding = rule in answered.deciding
        mark = ("✗" if answered.denying else "✓") if deciding else "·"
        beside = "" if deciding else f" ({spoken(label('overridden'))})"
        lines.append(f"{mark} {rule.id}{beside}\n    {spoken(sentence(rule))}")
        if rule.id in found.texts:
            lines.append(f"    {spoken(label('says'))}: {spoken(found.texts[rule.id])}")
    lines += [f"○ {n.rule.id}\n    {spoken(sentence(n.rule))}\n    {spoken(n.why)}" for n in found.nearly]
    return "\n".join(lines)


def verdict_lines(verdict: Verdict) -> list[str]:
    """What a failed case asked, should be answered, and is answered."""
    told = verdict.to_json()
    ask, words = told["ask"], []
    for side in (told["expected"], told["found"]):
        said = spoken(label("permitted" if side["allowed"] else "refused"))
        words.append(spoken(label("by", answer=said, rules=", ".join(side["rules"]))))
    asked = f"{ask['dataset']}.{ask['field']} {ask['use']}"
    return [
        f"✗ {told['file']}: {told['case']}",
        f"    {spoken(label('failed', ask=asked, expected=words[0], found=words[1]))}",
    ]


def replay_text(told: dict[str, Any]) -> str:
    """A replay for people: the counts, then each answer that changes, with every use and the rules behind it."""
    lines = [spoken(label("counts", **told["counts"]))]
    for change in told["changes"][:SHOWN]:
        lines.append(_change_text(change))
        lines += [f"    {_flip_text(flip)}" for flip in change["uses"]]
    if len(told["changes"]) > SHOWN:
        lines.append(spoken(label("more", count=len(told["changes"]) - SHOWN)))
    for each in told["left_out"][:SHOWN]:
        lines.append(spoken(label("left_out", id=each["id"], codes=", ".join(each["codes"]))))
    return "\n".join(lines)


def _change_text(change: dict[str, Any]) -> str:
    words = {name: spoken(label(change[name])) for name in ("before", "after")}
    state = ", ".join(word for word in (change["state"], change["output"]) if word)
    own = () if change["kind"] == "authorization" else (change["authorization"],)
    whose = " · ".join((change["operator"], *own))
    at = f"{change['at'][:16]}Z"
    return spoken(label("change", id=change["id"], state=state, whose=whose, at=at, **words))


def _flip_text(flip: dict[str, Any]) -> str:

    place = f"{flip['line']}:{flip['column']} " if flip["line"] else ""
    words = {name: spoken(label(flip[name])) for name in ("before", "after")}
    rules = {name: ", ".join(flip[name]) for name in ("rules_before", "rules_after")}
    use = f"{flip['dataset']}.{flip['field']} {flip['use']}"
    return spoken(label("flip", place=place, use=use, **words, **rules))
