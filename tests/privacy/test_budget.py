"""Is noise paid for before anything runs, once and for good, whoever else pays at the same moment?"""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from app.disclosure.budget import Spent, spend, spent
from app.domain.errors import Refusal
from app.domain.privacy import PrivateRun
from tests.jobs.deployment import Deployment, deploy, open_again

BUDGET = Decimal("1.0")
TENTH = Decimal("0.1")
HERE = Path(__file__).parents[2]


def a_run(*datasets: str, epsilon: Decimal = TENTH) -> PrivateRun:
    return PrivateRun(epsilon=epsilon, delta=Decimal("1e-9"), cells=10, datasets=datasets, frontiers=())


@pytest.fixture
def here(tmp_path: Path) -> Deployment:
    return deploy(tmp_path / "home")


def a_job(here: Deployment) -> str:
    return here.submitted(repair="dp")


def pay(here: Deployment, job: str, run: PrivateRun) -> None:
    spend(here.store, here.machine(), run, BUDGET, authorization="auth-maps", job=job)


def paid(here: Deployment) -> tuple[Spent, ...]:
    with here.store.reading() as connection:
        return spent(connection, "auth-maps")


def test_what_is_spent_is_spent_after_a_restart_and_every_attempt_pays(here: Deployment) -> None:
    job = a_job(here)
    pay(here, job, a_run("visit"))
    pay(here, job, a_run("visit", "person"))
    again = open_again(here.services.config.home)
    assert [(s.dataset, s.runs, s.epsilon, s.delta) for s in paid(again)] == [
        ("person", 1, TENTH, Decimal("1e-9")),
        ("visit", 2, 2 * TENTH, Decimal("2e-9")),
    ]


def test_the_last_tenth_is_paid_exactly_and_then_nothing_more(here: Deployment) -> None:
    job = a_job(here)
    for _ in range(10):
        pay(here, job, a_run("visit"))
    with pytest.raises(Refusal) as caught:
        pay(here, job, a_run("person", "visit"))
    assert [(f.code, f.dataset, dict(f.params)["left"]) for f in caught.value.findings] == [
        ("dp-budget-exhausted", "visit", "0.0")
    ]
    assert [(s.dataset, s.epsilon) for s in paid(here)] == [("visit", BUDGET)]


def test_each_authorization_has_a_budget_of_its_own(here: Deployment) -> None:
    pay(here, a_job(here), a_run("visit", epsilon=BUDGET))
    spend(here.store, here.machine(), a_run("visit"), BUDGET, authorization="auth-rivals", job=a_job(here))
    with here.store.reading() as connection:
        assert [s.epsilon for s in spent(connection, "auth-rivals")] == [TENTH]


def test_each_payment_stands_in_the_ledger(here: Deployment) -> None:
    job = a_job(here)
    pay(here, job, a_run("visit"))
    assert "privacy:spent" in here.events(job)


PAYER = """
import sys
from pathlib import Path
from app.domain.errors import Refusal
from tests.jobs.deployment import open_again
from tests.privacy.test_budget import a_run, pay
here, done = open_again(Path(sys.argv[1])), 0
for _ in range(10):
    try:
        pay(here, sys.argv[2], a_run("visit"))
        done += 1
    except Refusal:
        pass
print(done)
"""


def test_processes_that_pay_at_the_same_moment_cannot_overspend(here: Deployment) -> None:
    arguments = [sys.executable, "-c", PAYER, str(here.services.config.home), a_job(here)]
    payers = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, cwd=HERE) for _ in range(3)]
    done = [int(payer.communicate(timeout=60)[0]) for payer in payers]
    assert sum(done) == 10
    assert [(s.runs, s.epsilon) for s in paid(here)] == [(10, BUDGET)]
