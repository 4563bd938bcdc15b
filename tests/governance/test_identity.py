"""Who may act, and which two hats does nobody wear?"""

from __future__ import annotations

import base64
import stat
from pathlib import Path
from typing import Any

import pytest

from app.domain import duties
from app.domain.errors import Invalid, Refusal, SluiceError, Unavailable
from app.domain.people import SIDES, OrganizationKind
from app.identity import keys
from app.identity.people_file import found, read_register
from app.identity.register import (
    Organization,
    Person,
    founder,
    organizations,
    people,
    register_organization,
    register_person,
    set_active,
)
from app.identity.roles import PlatformPolicy, read_policy
from app.identity.signing_keys import first_key
from tests.governance.world import PEOPLE, World


def refused_code(error: pytest.ExceptionInfo[SluiceError]) -> str:
    return error.value.code


# ------------------------------------------------------------------ acting


@pytest.mark.parametrize("person", ["", "nobody", "machine:worker", "' OR 1=1 --", "STEWARD"])
def test_an_unknown_person_is_refused(world: World, person: str) -> None:
    with pytest.raises(Refusal) as refused:
        world.actor(person)
    assert refused_code(refused) == "person-unknown"


def test_a_person_without_the_permission_is_refused_and_told_what_they_lack(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        world.services.actor("analyst", "application:decide")
    assert refused_code(refused) == "not-permitted"
    assert "application:decide" in refused.value.findings[0].message().en
    assert "analyst" in refused.value.findings[0].message().zh


@pytest.mark.parametrize("kind, subject", [("person", "analyst"), ("organization", "maps")])
def test_a_suspension_takes_effect_at_once_and_ends_when_lifted(world: World, kind: str, subject: str) -> None:
    security = world.actor("secadmin")
    with world.store.change(f"{kind}:suspended", actor=security, subject=subject) as change:
        set_active(change, kind, subject, active=False)
    with pytest.raises(Refusal) as refused:
        world.actor("analyst")
    assert refused_code(refused) == "person-suspended"
    with world.store.change(f"{kind}:reinstated", actor=security, subject=subject) as change:
        set_active(change, kind, subject, active=True)
    assert world.actor("analyst").may("job:submit")


@pytest.mark.parametrize("kind", ["person", "organization"])
def test_only_the_security_administrator_suspends(world: World, kind: str) -> None:
    with (
        pytest.raises(Refusal) as refused,
        world.store.change(f"{kind}:suspended", actor=world.actor("sysadmin"), subject="maps") as change,
    ):
        set_active(change, kind, "maps", active=False)
    assert refused_code(refused) == "not-permitted"


def test_suspending_somebody_who_is_not_there_is_refused(world: World) -> None:
    with (
        pytest.raises(Refusal) as refused,
        world.store.change("person:suspended", actor=world.actor("secadmin"), subject="x") as change,
    ):
        set_active(change, "person", "x", active=False)
    assert refused_code(refused) == "not-found"


def test_an_actor_has_what_the_roles_give_in_this_kind_of_organization_and_no_more(world: World) -> None:
    rules = world.services.platform.rules
    for person, (organization, role) in PEOPLE.items():
        actor = world.actor(person)
        assert actor.permissions == {r.permission for r in rules if (r.role, r.kind) == (role, actor.kind)}
        assert actor.organization == organization
        assert actor.side == SIDES[actor.kind]


def test_the_machine_approves_nothing(world: World) -> None:
    machine = world.services.machine()
    assert machine.may("job:run")
    assert not machine.permissions & duties.APPROVING
    assert not machine.permissions & duties.READING_DATA


def test_the_founder_enters_people_and_a_first_key_and_does_nothing_else() -> None:
    assert founder().permissions == {"organization:manage", "person:manage", "key:manage"}


# ------------------------------------------------------------------ separation of duties


def test_nobody_judges_an_application_of_their_own_organization(world: World) -> None:
    actor = world.almighty(organization="maps")
    with pytest.raises(Refusal) as refused:
        duties.applicant_is_not_decider(actor, "maps")
    assert refused_code(refused) == "duty-own-application"
    assert not duties.allows(duties.applicant_is_not_decider, actor, "maps")
    assert duties.allows(duties.applicant_is_not_decider, actor, "rivals")


def test_a_provider_consents_for_its_own_tables_only(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        duties.consents_for_own_tables_only(world.actor("weather-officer"), ["roads"])
    assert refused_code(refused) == "duty-foreign-consent"
    duties.consents_for_own_tables_only(world.actor("weather-officer"), ["roads", "weather"])


def test_an_operator_acts_on_its_own_things(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        duties.acts_for_own_organization(world.actor("rival"), "maps")
    assert refused_code(refused) == "duty-foreign-organization"
    duties.acts_for_own_organization(world.actor("applicant"), "maps")


@pytest.mark.parametrize("who", [{"id": "ana"}, {"organization": "maps"}])
def test_author_and_colleagues_cannot_review_the_output(world: World, who: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        duties.author_is_not_reviewer(world.almighty(**who), author="ana", operator="maps")
    assert refused_code(refused) == "duty-own-output"
    duties.author_is_not_reviewer(world.almighty(), author="ana", operator="maps")


def test_the_author_of_a_rule_does_not_approve_it(world: World) -> None:
    with pytest.raises(Refusal) as refused:
        duties.rule_author_is_not_approver(world.almighty(id="ana"), "ana")
    assert refused_code(refused) == "duty-own-rule"
    duties.rule_author_is_not_approver(world.almighty(id="ana"), "ben")


@pytest.mark.parametrize(
    "organization, roles, code",
    [
        ("maps", ("analyst", "steward"), "duty-two-sides"),
        ("maps", ("reviewer",), "duty-two-sides"),
        ("roads", ("regulator_officer",), "duty-two-sides"),
        ("bureau", ("system_admin",), "duty-two-sides"),
        ("platform", ("worker",), "duty-two-sides"),
        ("maps", ("invented",), "duty-two-sides"),
        ("platform", ("system_admin", "security_admin"), "duty-two-administrators"),
        ("platform", ("audit_admin", "release_officer"), "duty-two-administrators"),
        ("maps", (), "person-without-role"),
        ("nowhere", ("analyst",), "organization-unknown"),
    ],
)
def test_a_person_cannot_be_entered_with_such_roles(
    world: World, organization: str, roles: tuple[str, ...], code: str
) -> None:
    before = world.entries()
    with (
        pytest.raises(SluiceError) as refused,
        world.store.change("person:registered", actor=world.actor("secadmin"), subject="new") as change,
    ):
        register_person(
            change, world.services.platform, Person(id="new", organization=organization, name="n", roles=roles)
        )
    assert refused_code(refused) == code
    assert world.entries() == before


@pytest.mark.parametrize(
    "new, code",
    [
        (Organization(id="maps", kind=OrganizationKind.OPERATOR, name_zh="", name_en=""), "already-registered"),
        (Organization(id="Maps 2", kind=OrganizationKind.OPERATOR, name_zh="", name_en=""), "identifier-invalid"),
        (
            Organization(id="m2", kind=OrganizationKind.OPERATOR, name_zh="", name_en="", uscc="12990000MA5650826M"),
            "organization-uscc",
        ),
    ],
)
def test_a_bad_organization_is_not_entered(world: World, new: Organization, code: str) -> None:
    with (
        pytest.raises(Invalid) as refused,
        world.store.change("organization:registered", actor=world.actor("secadmin"), subject=new.id) as change,
    ):
        register_organization(change, new)
    assert refused_code(refused) == code


def test_nobody_but_the_security_administrator_enters_people(world: World) -> None:
    for person in ("sysadmin", "auditor", "regulator", "steward", "applicant"):
        with (
            pytest.raises(Refusal) as refused,
            world.store.change("person:registered", actor=world.actor(person), subject="new") as change,
        ):
            register_person(
                change, world.services.platform, Person(id="new", organization="maps", name="n", roles=("analyst",))
            )
        assert refused_code(refused) == "not-permitted"


# ------------------------------------------------------------------ the platform policy


def policy_in(folder: Path, lines: str, model: str | None = None) -> PlatformPolicy:
    real = Path(__file__).parents[2] / "policies" / "platform" / "model.conf"
    (folder / "model.conf").write_text(model or real.read_text())
    (folder / "roles.csv").write_text(lines)
    return read_policy(folder)


@pytest.mark.parametrize(
    "lines, line",
    [
        ("", 0),
        ("# nothing\n", 0),
        ("p, steward, provider\n", 1),
        ("p, steward, provider, dataset:mount, deny\n", 1),
        ("p, steward, city, dataset:mount\n", 1),
        ("# x\np, steward, provider, everything\n", 2),
        ("g, ana, steward, roads\n", 1),
        ("p, , provider, dataset:mount\n", 1),
    ],
)
def test_a_policy_that_cannot_be_read_is_refused_with_its_line(tmp_path: Path, lines: str, line: int) -> None:
    with pytest.raises(Invalid) as refused:
        policy_in(tmp_path, lines)
    assert refused_code(refused) == "policy-unreadable"
    assert dict(refused.value.findings[0].params)["line"] == str(line)


def test_a_missing_policy_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        read_policy(tmp_path)
    assert refused_code(refused) == "policy-unreadable"


@pytest.mark.parametrize("admin", sorted(duties.ADMINISTRATORS))
@pytest.mark.parametrize("permission", sorted(duties.APPROVING | duties.READING_DATA))
def test_no_policy_lets_an_administrator_approve_or_reach_data(tmp_path: Path, admin: str, permission: str) -> None:
    with pytest.raises(Invalid) as refused:
        policy_in(tmp_path, f"p, {admin}, platform, {permission}\n")
    assert refused_code(refused) == "duty-administrator-approves"


def test_no_policy_lets_the_auditor_do_more_than_read_the_ledger(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        policy_in(tmp_path, "p, audit_admin, platform, system:operate\n")
    assert refused_code(refused) == "duty-auditor-acts"


def test_a_role_permits_nothing_in_an_organization_of_another_kind(world: World) -> None:
    policy = world.services.platform
    foreign = policy.permitted("x", organization="maps", kind=OrganizationKind.OPERATOR, roles=["reviewer", "steward"])
    assert foreign == frozenset()


def test_nobody_has_anything_without_a_role(world: World) -> None:
    for kind in OrganizationKind:
        assert world.services.platform.permitted("x", organization="maps", kind=kind, roles=[]) == frozenset()


def test_casbin_is_imported_by_the_modules_that_decide_alone() -> None:
    root = Path(__file__).parents[2] / "app"
    using = {f.relative_to(root).parts[0] for f in root.rglob("*.py") if "import casbin" in f.read_text()}
    assert using <= {"identity", "policy"}


# ------------------------------------------------------------------ keys


def test_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    assert keys.create_keys(tmp_path / "keys") == (keys.LEDGER,)
    assert stat.S_IMODE((tmp_path / "keys" / "ledger.key").stat().st_mode) == 0o600
    assert keys.ledger_key(tmp_path / "keys").private_bytes_raw()
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


def test_existing_keys_are_never_replaced(tmp_path: Path) -> None:
    keys.create_keys(tmp_path)
    before = (tmp_path / "ledger.key").read_bytes()
    assert keys.create_keys(tmp_path) == ()
    assert (tmp_path / "ledger.key").read_bytes() == before


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    keys.create_keys(tmp_path)
    (tmp_path / "ledger.key").chmod(0o640)
    with pytest.raises(Refusal) as refused:
        keys.ledger_key(tmp_path)
    assert refused_code(refused) == "key-exposed"


def test_a_missing_or_unusable_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as refused:
        keys.ledger_key(tmp_path)
    assert refused_code(refused) == "key-missing"
    keys.create_keys(tmp_path)
    (tmp_path / "ledger.key").write_text("no key")
    with pytest.raises(Unavailable):
        keys.ledger_key(tmp_path)


def test_the_secret_of_pseudonyms_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        keys.pseudonym_secret(tmp_path)
    keys.create_keys(tmp_path)
    file = tmp_path / "pseudonyms.secret"
    secret = keys.pseudonym_secret(tmp_path)
    keys.create_keys(tmp_path)
    assert len(secret) == 32
    assert keys.pseudonym_secret(tmp_path) == secret
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.chmod(0o644)
    with pytest.raises(Refusal) as refused:
        keys.pseudonym_secret(tmp_path)
    assert refused_code(refused) == "key-exposed"
    file.chmod(0o600)
    file.write_bytes(b"short")
    with pytest.raises(Unavailable):
        keys.pseudonym_secret(tmp_path)


def test_no_key_material_is_in_the_database(world: World) -> None:
    world.signed()
    world.services.checkpoint()
    home = world.services.config.home
    first_key(world.store, home / "keys")
    world.store.close()
    files = {f.name: f.read_bytes() for f in (home / "keys").glob("*.key")}
    secrets = [b"".join(files.pop("ledger.key").split(b"\n")[1:-2])]
    for line in files.values():
        encoded = line.split()[1]
        secrets += [encoded, base64.b64decode(encoded)]
    database = b"".join(f.read_bytes() for f in home.glob("control.db*"))
    assert len(secrets) == 3
    assert all(secret not in database for secret in secrets)
    assert b"PRIVATE KEY" not in database


# ------------------------------------------------------------------ founding


def test_founding_twice_enters_nothing_new(world: World) -> None:
    assert found(world.store, world.services.platform) == ()


def test_the_three_administrators_are_three_persons(world: World) -> None:
    with world.store.reading() as connection:
        held = {p.id: p.roles for p in people(connection) if set(p.roles) & duties.ADMINISTRATORS}
    assert held == {"sysadmin": ("system_admin",), "secadmin": ("security_admin",), "auditor": ("audit_admin",)}


def test_the_people_of_the_samples_can_be_entered(world: World) -> None:
    entered = found(world.store, world.services.platform, sample=True)
    listed = read_register("sample_people.toml")
    assert len(entered) == len(listed.organizations) + len(listed.people)
    with world.store.reading() as connection:
        assert {o.id for o in listed.organizations} <= {o.id for o in organizations(connection)}
    assert all(world.actor(p.id).permissions for p in listed.people)


def test_every_provider_of_the_sample_catalogs_is_among_the_people_of_the_samples() -> None:
    import tomllib

    known = {o.id: o.uscc for o in read_register("sample_people.toml").organizations}
    for file in sorted((Path(__file__).parents[2] / "sample_data").glob("*/catalog.toml")):
        for provider in tomllib.loads(file.read_text())["provider"]:
            assert known.get(provider["code"]) == provider["uscc"], (file, provider["code"])
