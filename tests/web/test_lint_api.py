"""Does the API say of a text what the command says, to anyone who may see the catalog, and how does it say no?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.api.lint import MAX_BYTES, Desk, install
from app.catalog.entries import listed
from app.catalog.mounting import described
from app.lint import Draft, lint
from app.policy.conditions import Context
from app.policy.grants import collect
from app.web import shield
from app.web.server import create_server
from tests.policies.law_world import Law, found_law, open_law

SQL = "SELECT road, count(*) AS n FROM incident\nWHERE seconds > 60 GROUP BY road"
HELD = {"incident": {"road": ["group"], "plate": ["link"]}}


@pytest.fixture(scope="module")
def law(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Law]:
    folder = tmp_path_factory.mktemp("law")
    found_law(folder / "home", folder / "catalog")
    made = open_law(folder / "home")
    yield made
    made.services.store.close()


@pytest.fixture
def client(law: Law) -> Iterator[FlaskClient]:
    server = create_server(law.services.store)
    install(server, Desk(store=law.services.store, engine=law.casework.engine, clock=law.services.clock))
    with server.test_client() as client:
        yield client


def ask(client: FlaskClient, body: Any, **headers: str) -> TestResponse:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post("/api/v1/lint", data=data, headers={"Content-Type": "application/json", **headers})


def without_time(answer: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in answer.items() if k != "milliseconds"}


def test_it_says_what_the_command_says(law: Law, client: FlaskClient) -> None:
    answer = ask(client, {"sql": SQL, "uses": HELD, "purpose": "statistics"})
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    for name, value in shield.HEADERS.items():
        assert answer.headers[name] == value
    with law.services.store.reading() as connection:
        datasets = tuple(described(found.entry) for found in listed(connection))
    held = collect([("incident", "road", "group"), ("incident", "plate", "link")])
    context = Context(now=law.services.clock(), purpose="statistics")
    own = lint(law.casework.engine, Draft(sql=SQL, datasets=datasets, held=held, context=context))
    assert without_time(answer.get_json()) == without_time(own.to_json())
    assert answer.get_json()["missing"] == {"incident": {"seconds": ["filter:range"]}}


def test_a_text_that_cannot_be_understood_is_an_answer_with_its_place(client: FlaskClient) -> None:
    found = ask(client, {"sql": "SELECT raod FROM incident"}).get_json()
    assert found["decision"] == "refused"
    assert [(f["code"], f["line"], f["column"]) for f in found["findings"]] == [("unknown-column", 1, 8)]


WRONG: tuple[tuple[object, str], ...] = (
    (b"{", "(document)"),
    (b"\xff", "(document)"),
    ([], "(document)"),
    ({"uses": HELD}, "(document)"),
    ({"sql": ""}, "sql"),
    ({"sql": 1}, "sql"),
    ({"sql": SQL, "rows": True}, "(document)"),
    ({"sql": SQL, "purpose": "gossip"}, "purpose"),
)


@pytest.mark.parametrize(("body", "place"), WRONG, ids=[str(w[0])[:40] for w in WRONG])
def test_a_wrong_request_is_a_problem_that_names_the_place(client: FlaskClient, body: object, place: str) -> None:
    answer = ask(client, body)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    problem = json.loads(answer.data)
    assert (problem["status"], problem["findings"][0]["code"]) == (422, "api-body")
    assert place in problem["findings"][0]["message"]
    assert place in problem["findings"][0]["message_zh"]


def test_what_is_held_is_checked_against_the_published_catalog(client: FlaskClient) -> None:
    answer = ask(client, {"sql": SQL, "uses": {"incidnt": {"road": ["group"]}}})
    assert answer.status_code == 422
    (finding,) = json.loads(answer.data)["findings"]
    assert finding["code"] == "uses-unknown-dataset"
    assert "incident" in finding["message"]


@pytest.mark.parametrize("headers", [{"Content-Type": "text/plain"}, {"Content-Type": ""}])
def test_only_json_is_read_so_that_no_foreign_page_can_ask(client: FlaskClient, headers: dict[str, str]) -> None:
    assert ask(client, {"sql": SQL}, **headers).status_code == 422


def test_a_request_that_is_too_large_is_refused_unread(client: FlaskClient) -> None:
    answer = ask(client, {"sql": "x" * MAX_BYTES})
    assert answer.status_code == 422
    assert str(MAX_BYTES) in json.loads(answer.data)["findings"][0]["message"]


def test_nobody_else_s_host_name_and_no_other_method(client: FlaskClient) -> None:
    assert client.get("/api/v1/lint").status_code == 405
    assert ask(client, {"sql": SQL}, Host="evil.example").status_code == 400
