"""A recipient fetches a bundle once, by browser or program; looking costs nothing, and every no has its reason."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.api import releases as api
from app.identity.register import doorkeeper
from app.release.desk import HandingOut
from app.release.making import make_release
from app.release.recalls import LIST_FILE, read_list, recall, sign_list
from app.release.trust import trust_json
from app.release.verify import verify_bundle
from app.web import downloads, shield
from app.web.server import create_server
from tests.jobs.deployment import Deployment
from tests.release.test_links import link
from tests.web.test_server import free_port


@pytest.fixture
def client(here: Deployment) -> Iterator[FlaskClient]:
    server = create_server(here.store)
    desk = HandingOut(store=here.store, releases=here.services.config.home / "releases", doorkeeper=doorkeeper())
    downloads.install(server, desk)
    api.install(server, desk)
    with server.test_client() as client:
        yield client


@pytest.fixture
def release_id(here: Deployment) -> str:
    return make_release(here.desk(), here.actor("officer"), here.approved())


def bundle_of(here: Deployment, release_id: str) -> Path:
    return here.services.config.home / "releases" / f"{release_id}.zip"


@pytest.mark.parametrize("lang, words", [("zh", "仅一次"), ("en", "(once)")])
def test_a_preview_uses_nothing_up_and_the_button_does(
    here: Deployment, client: FlaskClient, release_id: str, lang: str, words: str
) -> None:
    token = link(here, release_id).token
    for look in (client.get, client.head):
        assert look(f"/fetch/{token}?lang={lang}").status_code == 200
    seen = client.get(f"/fetch/{token}?lang={lang}")
    text = seen.get_data(as_text=True)
    assert words in text
    assert "maps" in text
    assert hashlib.sha256(bundle_of(here, release_id).read_bytes()).hexdigest() in text
    (action,) = re.findall(r'<form method="post" action="([^"]+)"', text)
    taken = client.post(action, buffered=True)
    assert (taken.status_code, taken.mimetype) == (200, "application/zip")
    assert taken.data == bundle_of(here, release_id).read_bytes()
    assert f"filename={release_id}.zip" in taken.headers["Content-Disposition"]
    assert taken.headers["Cache-Control"] == "no-store"
    again = client.post(action, headers={"Accept": "text/html"})
    assert again.status_code == 403
    assert "link-used" in again.get_data(as_text=True)


def test_only_this_page_may_send_a_form_and_only_here(here: Deployment, client: FlaskClient, release_id: str) -> None:
    page = client.get(f"/fetch/{link(here, release_id).token}")
    assert page.headers["Content-Security-Policy"] == shield.FORM_POLICY
    assert "form-action 'self'" in shield.FORM_POLICY
    assert client.get("/ledger").headers["Content-Security-Policy"] == shield.POLICY
    assert client.get("/fetch/none").headers["Content-Security-Policy"] == shield.POLICY


@pytest.mark.parametrize("token", ["none", "x" * 5000, "%00", "漏"])
def test_a_link_that_is_none_is_refused_in_words(client: FlaskClient, token: str) -> None:
    for ask in (client.get, client.post):
        answer = ask(f"/fetch/{token}?lang=en", headers={"Accept": "text/html"})
        assert answer.status_code == 403
        assert "link-unknown" in answer.get_data(as_text=True)


def ask(client: FlaskClient, what: str, body: Any, **headers: str) -> tuple[int, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    path = f"/api/v1/releases/{what}"
    answer = client.post(path, data=data, headers={"Content-Type": "application/json", **headers}, buffered=True)
    if answer.mimetype == "application/zip":
        return answer.status_code, answer
    assert answer.mimetype in {"application/json", "application/problem+json"}
    return answer.status_code, json.loads(answer.data)


def test_a_program_looks_and_fetches_once(here: Deployment, client: FlaskClient, release_id: str) -> None:
    made = link(here, release_id)
    status, offer = ask(client, "look", {"token": made.token})
    assert (status, offer["release"], offer["recipient"]) == (200, release_id, "maps")
    status, taken = ask(client, "fetch", {"token": made.token})
    assert status == 200
    digest = hashlib.sha256(taken.data).digest()
    assert digest.hex() == offer["sha256"]
    assert taken.headers["Repr-Digest"] == f"sha-256=:{base64.b64encode(digest).decode()}:"
    status, problem = ask(client, "fetch", {"token": made.token})
    assert (status, problem["status"], problem["findings"][0]["code"]) == (403, 403, "link-used")
    assert problem["findings"][0]["message_zh"]


@pytest.mark.parametrize("body", [b"{", b"\xff", [], {}, {"token": ""}, {"token": 1}, {"token": "x", "more": 1}])
@pytest.mark.parametrize("what", ["look", "fetch"])
def test_a_request_of_another_form_is_refused_with_its_place(client: FlaskClient, what: str, body: object) -> None:
    status, problem = ask(client, what, body)
    assert (status, problem["findings"][0]["code"]) == (422, "api-body")


def test_a_form_of_a_foreign_page_cannot_ask_the_api(here: Deployment, client: FlaskClient, release_id: str) -> None:
    made = link(here, release_id)
    status, _ = ask(client, "fetch", {"token": made.token}, **{"Content-Type": "text/plain"})
    assert status == 422
    assert ask(client, "look", {"token": made.token})[0] == 200


def test_a_recalled_release_is_refused_with_the_reason(here: Deployment, client: FlaskClient, release_id: str) -> None:
    made = link(here, release_id)
    recall(here.store, here.actor("officer"), release_id, "wrong table")
    page = client.get(f"/fetch/{made.token}?lang=en", headers={"Accept": "text/html"})
    assert page.status_code == 403
    assert "wrong table" in page.get_data(as_text=True)
    assert client.post(f"/fetch/{made.token}").status_code == 403
    status, problem = ask(client, "fetch", {"token": made.token})
    assert (status, problem["findings"][0]["code"]) == (403, "release-recalled")


def test_the_signed_list_of_recalls_is_for_anyone(here: Deployment, client: FlaskClient, release_id: str) -> None:
    answer = client.get("/api/v1/recalls", buffered=True)
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    content = sign_list(here.notary(), here.actor("officer"), here.signers())
    bundle_of(here, release_id).with_name(LIST_FILE).write_bytes(content)
    answer = client.get("/api/v1/recalls", buffered=True)
    assert (answer.status_code, answer.data) == (200, content)


# ----------------------------------------------------------------------------------- commands and a real server process


def sluice(here: Deployment, *words: str, cwd: Path | None = None) -> tuple[int, Any]:
    environment = {**os.environ, "SLUICE_HOME": str(here.services.config.home)}
    command = [sys.executable, "-m", "app.cli.main", *words, "--json"]
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, json.loads(done.stdout or done.stderr)


@contextmanager
def serving(here: Deployment, *options: str) -> Iterator[str]:
    """A server process over the deployment; answers where."""
    port = free_port()
    environment = {**os.environ, "SLUICE_HOME": str(here.services.config.home)}
    command = [sys.executable, "-m", "app.cli.main", "serve", "--port", str(port), *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5).close()
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()


def send(url: str, data: bytes | None = None, kind: str = "application/x-www-form-urlencoded") -> tuple[int, bytes]:
    request = urllib.request.Request(url, data=data, headers={"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.mark.parametrize("options", [[], ["--gunicorn"]])
def test_from_a_link_to_a_verified_bundle_to_its_recall(
    here: Deployment, release_id: str, options: list[str], tmp_path: Path
) -> None:
    trust, bundle, recalls = (tmp_path / name for name in ("trust.json", "bundle.zip", "recalls.json"))
    trust.write_text(json.dumps(trust_json(here.trusted())))
    with serving(here, *options) as base:
        status, made = sluice(here, "release", "link", release_id, "--base", base, "--as", "officer")
        assert (status, made["recipient"]) == (0, "maps")
        assert send(made["url"])[0] == 200
        code, content = send(made["url"], b"")
        assert code == 200
        bundle.write_bytes(content)
        assert send(made["url"], b"")[0] == 403
        status, made = sluice(here, "release", "link", release_id, "--as", "ana")
        token = json.dumps({"token": made["token"]}).encode()
        assert send(f"{base}/api/v1/releases/fetch", token, "application/json") == (200, content)
        assert send(f"{base}/api/v1/releases/fetch", token, "application/json")[0] == 403
        assert send(f"{base}/api/v1/recalls")[0] == 503
        words = ("recall", "make", release_id, "--reason", "wrong table", "--as", "regulator")
        assert sluice(here, *words)[0] == 0
        code, content = send(f"{base}/api/v1/recalls")
        assert code == 200
        recalls.write_bytes(content)
    assert verify_bundle(bundle, here.trusted()).claims["bundle"] == release_id
    assert len(read_list(recalls, here.trusted()).releases) == 1
    status, said = sluice(here, "verify", str(bundle), "--trust", str(trust), cwd=tmp_path)
    assert (status, said["valid"], said["not_recalled_at"]) == (0, True, None)
    held = ("verify", str(bundle), "--trust", str(trust), "--recalled", str(recalls))
    status, said = sluice(here, *held, cwd=tmp_path)
    assert (status, said["valid"], said["error"]) == (4, False, "bundle-recalled")
    assert "wrong table" in said["findings"][0]["message"]
    assert [r["release"] for r in sluice(here, "recall", "notices", "--as", "ana")[1]] == [release_id]
    assert sluice(here, "recall", "acknowledge", release_id, "--as", "ana")[0] == 0
    assert sluice(here, "recall", "notices", "--as", "ana")[1] == []
    assert sluice(here, "recall", "list", "--as", "officer")[1][0]["acknowledged_at"]
    status, refused = sluice(here, "release", "link", release_id, "--as", "officer")
    assert (status, refused["error"]) == (4, "release-recalled")
