"""Who may do what, in which state? Writes `app/docs/roles.*.md`: `python -m tests.governance.roles_page`."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path

from app.domain import duties
from app.domain.lifecycles import LIFECYCLES
from app.domain.people import OrganizationKind
from app.identity.roles import PlatformPolicy, read_policy
from tests.architecture.source import ROOT

KINDS = {
    OrganizationKind.PROVIDER: {"zh": "数据提供单位", "en": "Provider"},
    OrganizationKind.OPERATOR: {"zh": "授权运营单位", "en": "Operator"},
    OrganizationKind.REGULATOR: {"zh": "数据主管部门", "en": "Regulator"},
    OrganizationKind.PLATFORM: {"zh": "平台", "en": "Platform"},
}
RULES = {
    "applicant_is_not_decider": "申请单位的任何人都不能同意或审批本单位的申请。",
    "consents_for_own_tables_only": "数据提供单位只能就本单位的数据表示同意。",
    "acts_for_own_organization": "授权运营单位和数据提供单位的人员只能办理本单位的事项。",
    "author_is_not_reviewer": "作业的作者及其单位的人员不能审核该作业的成果。",
    "rule_author_is_not_approver": "规则或目录条目的起草人不能批准自己起草的内容。",
    "provider_tightens_own_data_only": "数据提供单位只能自行发布收紧本单位数据的规则。",
    "roles_fit_one_side": "一人只代表一方：角色必须属于其所在机构的类别。",
    "administrator_holds_one_role": "三员分立：管理员只任三员之一，不兼任何其他角色。",
    "administrators_approve_nothing": "管理员不接触数据，也不审批。",
    "auditor_reads_the_ledger_only": "审计管理员只查看和导出台账。",
}
"""Each separation of duties, by its function in `app.domain.duties`, in Chinese; its docstring says it in English."""

TEXTS = {
    "zh": {
        "title": "角色与权限",
        "lead": "谁在哪个状态可以做什么：行是权限，列是角色，末列是该权限能促成的状态变更；"
        "“—”表示该权限不改变生命周期的状态。表中没有打勾的一律拒绝（`not-permitted`）。人员或机构被暂停后，"
        "其下一个动作即被拒绝（`person-suspended`）。读者是各方的人员与审计人员；"
        "本页由策略和程序中的表生成：`python -m tests.governance.roles_page`。",
        "links": "[English](roles.en.md) · [生命周期](lifecycles.zh.md)",
        "permission": "权限",
        "moves": "状态变更",
        "start": "（新建）",
        "duties": "职责分离",
        "rules": "| 规则 | 函数 | 拒绝代码 |\n| --- | --- | --- |",
    },
    "en": {
        "title": "Roles and permissions",
        "lead": "Who may do what in which state: a row is a permission, a column a role, and the last column the moves "
        "that the permission makes; “—” where it moves nothing from one state to another. What has no mark is refused "
        "(`not-permitted`). Once a person or an organization is suspended, their next act is refused "
        "(`person-suspended`). For the people of every side and for auditors. This page is made from the policy and "
        "the tables of the program: `python -m tests.governance.roles_page`.",
        "links": "[中文](roles.zh.md) · [lifecycles](lifecycles.en.md)",
        "permission": "permission",
        "moves": "moves",
        "start": "(new)",
        "duties": "Separation of duties",
        "rules": "| rule | function | refusal code |\n| --- | --- | --- |",
    },
}


def file(language: str) -> Path:
    """Where the page lies."""
    return ROOT / f"app/docs/roles.{language}.md"


def page(language: str) -> str:
    """The page as policy, lifecycles and duties make it."""
    words, policy = TEXTS[language], read_policy(ROOT / "policies/platform")
    parts = [f"# {words['title']}", words["lead"], words["links"]]
    for kind, names in KINDS.items():
        parts += [f"## {names[language]} (`{kind}`)", _matrix(policy, kind, language)]
    rows = [f"| {_sentence(rule, language)} | `{rule.__name__}` | `{code(rule)}` |" for rule in separations()]
    return "\n\n".join([*parts, f"## {words['duties']}", "\n".join([words["rules"], *rows])]) + "\n"


def separations() -> list[Callable[..., None]]:
    """The rules of `app.domain.duties`, in the order of the module."""
    found = [f for _, f in inspect.getmembers(duties, inspect.isfunction) if f.__module__ == duties.__name__]
    rules = [f for f in found if f is not duties.allows]
    return sorted(rules, key=lambda rule: rule.__code__.co_firstlineno)


def code(rule: Callable[..., None]) -> str:
    """The one code with which `rule` refuses."""
    (found,) = re.findall(r'Refusal\(\s*"([a-z-]+)"', inspect.getsource(rule))
    return str(found)


def _sentence(rule: Callable[..., None], language: str) -> str:
    return RULES[rule.__name__] if language == "zh" else (inspect.getdoc(rule) or "").split("\n", 1)[0]


def _matrix(policy: PlatformPolicy, kind: OrganizationKind, language: str) -> str:
    rules = [r for r in policy.rules if r.kind is kind]
    roles, held = dict.fromkeys(r.role for r in rules), {(r.role, r.permission) for r in rules}
    head = [TEXTS[language]["permission"], *(f"`{role}`" for role in roles), TEXTS[language]["moves"]]
    rows = [
        [f"`{p}`", *("✓" if (role, p) in held else "" for role in roles), _moves(p, language)]
        for p in dict.fromkeys(r.permission for r in rules)
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows])


def _moves(permission: str, language: str) -> str:
    moves = [
        f"{life.name}: {t.source or TEXTS[language]['start']} → {t.target}"
        for life in LIFECYCLES.values()
        for t in life.transitions
        if t.permission == permission
    ]
    return "<br>".join(moves) or "—"


if __name__ == "__main__":
    for each in TEXTS:
        file(each).write_text(page(each), encoding="utf-8")
