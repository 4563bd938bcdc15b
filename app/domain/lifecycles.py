"""Which states are there, and who may move what from one to the next? Every lifecycle is a table.

A row of `Transition` names the state it leaves (`START` when the thing comes into being), what happens, the state it
reaches, the permission it takes and the ledger event it writes. Whatever is not in a table is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.errors import Refusal
from app.domain.values import Bilingual

START = ""
"""The state of a thing that does not exist yet."""


@dataclass(frozen=True, kw_only=True)
class State:
    """One state: who is expected to make the next move (`owner`, a role or "nobody"), and its name for people."""

    name: str
    owner: str
    label: Bilingual


@dataclass(frozen=True, kw_only=True)
class Transition:
    """One permitted move."""

    source: str
    event: str
    target: str
    permission: str
    ledger_event: str


@dataclass(frozen=True, kw_only=True)
class Lifecycle:
    """The states and moves of one kind of thing; `name` is also the name of its table in the store."""

    name: str
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]

    def state(self, name: str) -> State:
        """The state called `name`; KeyError when there is none."""
        found = next((s for s in self.states if s.name == name), None)
        if found is None:
            raise KeyError(name)
        return found

    def leaving(self, state: str) -> tuple[Transition, ...]:
        """Every move that is possible in `state`."""
        return tuple(t for t in self.transitions if t.source == state)

    def terminal(self) -> frozenset[str]:
        """The states that nothing leaves."""
        return frozenset(s.name for s in self.states) - {t.source for t in self.transitions}


def transition(lifecycle: Lifecycle, state: str, event: str) -> Transition:
    """The move that `event` makes in `state`.

    Raises Refusal("transition-impossible") naming the state, the event and what would be possible.
    """
    for candidate in lifecycle.leaving(state):
        if candidate.event == event:
            return candidate
    possible = ", ".join(t.event for t in lifecycle.leaving(state)) or "-"
    raise Refusal("transition-impossible", thing=lifecycle.name, state=state or "-", event=event, possible=possible)


def diagram(lifecycle: Lifecycle) -> str:
    """The lifecycle as a Mermaid state diagram, for the documentation."""
    moves = [f"{t.source or '[*]'} --> {t.target}: {t.event} ({t.permission})" for t in lifecycle.transitions]
    ends = [f"{s.name} --> [*]" for s in lifecycle.states if s.name in lifecycle.terminal()]
    return "\n    ".join(["stateDiagram-v2", *moves, *ends]) + "\n"


def _states(*rows: tuple[str, str, str, str]) -> tuple[State, ...]:
    return tuple(State(name=n, owner=o, label=Bilingual(zh=zh, en=en)) for n, o, zh, en in rows)


def _transitions(*rows: tuple[str, str, str, str, str]) -> tuple[Transition, ...]:
    """Rows of (sources separated by spaces, event, target, permission, ledger event)."""
    return tuple(
        Transition(source=source, event=event, target=target, permission=permission, ledger_event=ledger)
        for sources, event, target, permission, ledger in rows
        for source in (sources.split() or [START])
    )


CATALOG_ENTRY = Lifecycle(
    name="catalog_entry",
    states=_states(
        ("draft", "steward", "草稿", "draft"),
        ("under_review", "provider_officer", "审核中", "under review"),
        ("published", "provider_officer", "已发布", "published"),
        ("offline", "nobody", "已下线", "offline"),
    ),
    transitions=_transitions(
        ("", "describe", "draft", "catalog_entry:edit", "catalog_entry:described"),
        ("draft", "submit", "under_review", "catalog_entry:edit", "catalog_entry:submitted"),
        ("under_review", "return", "draft", "catalog_entry:approve", "catalog_entry:returned"),
        ("under_review", "publish", "published", "catalog_entry:approve", "catalog_entry:published"),
        ("published", "take_offline", "offline", "catalog_entry:approve", "catalog_entry:taken_offline"),
    ),
)

APPLICATION = Lifecycle(
    name="application",
    states=_states(
        ("draft", "applicant", "草稿", "draft"),
        ("submitted", "applicant", "已提交", "submitted"),
        ("provider_review", "provider_officer", "数据提供单位审核", "provider review"),
        ("regulator_review", "regulator_officer", "主管部门审核", "regulator review"),
        ("approved", "nobody", "已批准", "approved"),
        ("returned", "applicant", "已退回", "returned"),
        ("rejected", "nobody", "已驳回", "rejected"),
        ("withdrawn", "nobody", "已撤回", "withdrawn"),
    ),
    transitions=_transitions(
        ("", "draft", "draft", "application:draft", "application:drafted"),
        ("draft", "submit", "submitted", "application:submit", "application:submitted"),
        ("submitted", "ask_providers", "provider_review", "application:submit", "application:sent_to_providers"),
        ("provider_review", "consent", "regulator_review", "application:consent", "application:consented"),
        ("provider_review", "decline", "rejected", "application:consent", "application:declined"),
        ("regulator_review", "approve", "approved", "application:decide", "application:approved"),
        ("regulator_review", "return", "returned", "application:decide", "application:returned"),
        ("regulator_review", "reject", "rejected", "application:decide", "application:rejected"),
        ("returned", "revise", "draft", "application:draft", "application:revised"),
        (
            "draft submitted provider_review regulator_review returned",
            "withdraw",
            "withdrawn",
            "application:withdraw",
            "application:withdrawn",
        ),
    ),
)

AUTHORIZATION = Lifecycle(
    name="authorization",
    states=_states(
        ("awaiting_signature", "applicant", "待签协议", "awaiting signature"),
        ("active", "applicant", "生效", "active"),
        ("suspended", "regulator_officer", "已暂停", "suspended"),
        ("expired", "system_admin", "已到期", "expired"),
        ("terminated", "system_admin", "已终止", "terminated"),
        ("revoked", "system_admin", "已撤销", "revoked"),
        ("closing", "system_admin", "退出中", "closing"),
        ("destroyed", "nobody", "已销毁", "destroyed"),
    ),
    transitions=_transitions(
        ("", "grant", "awaiting_signature", "authorization:grant", "authorization:granted"),
        ("awaiting_signature", "sign", "active", "authorization:sign", "authorization:signed"),
        ("active", "suspend", "suspended", "authorization:suspend", "authorization:suspended"),
        ("suspended", "resume", "active", "authorization:resume", "authorization:resumed"),
        ("active suspended", "expire", "expired", "authorization:expire", "authorization:expired"),
        (
            "awaiting_signature active suspended",
            "terminate",
            "terminated",
            "authorization:terminate",
            "authorization:terminated",
        ),
        ("awaiting_signature active suspended", "revoke", "revoked", "authorization:revoke", "authorization:revoked"),
        ("expired terminated revoked", "close", "closing", "authorization:close", "authorization:closing_begun"),
        ("closing", "destroy", "destroyed", "authorization:destroy", "authorization:destroyed"),
    ),
)

JOB = Lifecycle(
    name="job",
    states=_states(
        ("draft", "analyst", "草稿", "draft"),
        ("submitted", "worker", "已提交", "submitted"),
        ("refused", "nobody", "已拒绝", "refused"),
        ("queued", "worker", "排队中", "queued"),
        ("running", "worker", "运行中", "running"),
        ("checking", "worker", "检查中", "checking"),
        ("awaiting_review", "nobody", "待出域审核", "awaiting review"),
        ("failed", "nobody", "失败", "failed"),
        ("cancelled", "nobody", "已取消", "cancelled"),
    ),
    transitions=_transitions(
        ("", "draft", "draft", "job:draft", "job:drafted"),
        ("draft", "submit", "submitted", "job:submit", "job:submitted"),
        ("submitted running checking", "refuse", "refused", "job:decide", "job:refused"),
        ("submitted", "queue", "queued", "job:decide", "job:queued"),
        ("queued", "start", "running", "job:run", "job:started"),
        ("running checking", "requeue", "queued", "job:run", "job:requeued"),
        ("running", "check", "checking", "job:run", "job:run_finished"),
        ("checking", "send_to_review", "awaiting_review", "job:run", "job:sent_to_review"),
        ("queued running checking", "fail", "failed", "job:run", "job:failed"),
        ("draft submitted queued running checking", "cancel", "cancelled", "job:cancel", "job:cancelled"),
    ),
)

OUTPUT = Lifecycle(
    name="output",
    states=_states(
        ("quarantined", "analyst", "隔离中", "quarantined"),
        ("in_review", "reviewer", "审核中", "in review"),
        ("approved", "release_officer", "已同意出域", "approved"),
        ("changes_requested", "nobody", "要求修改", "changes requested"),
        ("rejected", "nobody", "已驳回", "rejected"),
        ("released", "regulator_officer", "已出域", "released"),
        ("recalled", "nobody", "已召回", "recalled"),
    ),
    transitions=_transitions(
        ("", "quarantine", "quarantined", "output:quarantine", "output:quarantined"),
        ("quarantined", "request_review", "in_review", "output:request_review", "output:review_requested"),
        ("in_review", "approve", "approved", "output:review", "output:approved"),
        ("in_review", "request_changes", "changes_requested", "output:review", "output:changes_requested"),
        ("in_review", "reject", "rejected", "output:review", "output:rejected"),
        ("quarantined in_review approved", "void", "rejected", "output:void", "output:voided"),
        ("approved", "release", "released", "output:release", "output:released"),
        ("released", "recall", "recalled", "output:recall", "output:recalled"),
    ),
)

POLICY = Lifecycle(
    name="policy",
    states=_states(
        ("draft", "steward", "草稿", "draft"),
        ("under_review", "regulator_officer", "审核中", "under review"),
        ("published", "regulator_officer", "生效", "published"),
        ("superseded", "nobody", "已被取代", "superseded"),
        ("withdrawn", "nobody", "已撤回", "withdrawn"),
    ),
    transitions=_transitions(
        ("", "draft", "draft", "policy:draft", "policy:drafted"),
        ("draft", "revise", "draft", "policy:draft", "policy:revised"),
        ("draft", "submit", "under_review", "policy:draft", "policy:submitted"),
        ("under_review", "return", "draft", "policy:approve", "policy:returned"),
        ("under_review", "publish", "published", "policy:approve", "policy:published"),
        ("published", "supersede", "superseded", "policy:approve", "policy:superseded"),
        ("draft under_review", "withdraw", "withdrawn", "policy:draft", "policy:withdrawn"),
    ),
)

TEMPLATE = Lifecycle(
    name="template",
    states=_states(
        ("draft", "analyst", "草稿", "draft"),
        ("in_review", "reviewer", "审核中", "in review"),
        ("approved", "analyst", "已批准", "approved"),
        ("returned", "nobody", "已退回", "returned"),
        ("rejected", "nobody", "已驳回", "rejected"),
        ("withdrawn", "nobody", "已撤回", "withdrawn"),
        ("retired", "nobody", "已停用", "retired"),
    ),
    transitions=_transitions(
        ("", "propose", "draft", "template:propose", "template:proposed"),
        ("draft", "submit", "in_review", "template:propose", "template:submitted"),
        ("in_review", "approve", "approved", "template:review", "template:approved"),
        ("in_review", "return", "returned", "template:review", "template:returned"),
        ("in_review", "reject", "rejected", "template:review", "template:rejected"),
        ("draft in_review", "withdraw", "withdrawn", "template:propose", "template:withdrawn"),
        ("approved", "retire", "retired", "template:retire", "template:retired"),
    ),
)

LIFECYCLES: dict[str, Lifecycle] = {
    life.name: life for life in (CATALOG_ENTRY, APPLICATION, AUTHORIZATION, JOB, OUTPUT, POLICY, TEMPLATE)
}
"""Every lifecycle under its name."""
