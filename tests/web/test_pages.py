"""The public pages: what they show, what they never show, and how they say no."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import insert, update

from app.catalog.manifest import read_catalog
from app.catalog.metadata import entry_to_json
from app.domain.errors import Finding, Refusal
from app.domain.values import Position
from app.jobs.submission import decide
from app.jobs.worker import run_worker
from app.ledger.tables import ledger_entry
from app.release.making import make_release
from app.store.tables import catalog_entry
from app.web import shield
from app.web.language import LANGUAGES, texts
from app.web.pages import PAGE
from app.web.server import create_server
from app.web.views import TONES, way
from tests.jobs.deployment import SQL, Deployment

WEB = Path(__file__).parents[2] / "app" / "web"
FOLDER = """
[catalog]
title = { zh = "航班", en = "Flights" }
[[provider]]
code = "city-roads"
uscc = "12330100MB0000001X"
name = { zh = "道路", en = "Roads" }
[[dataset]]
name = "flights"
code = "2/01/001/0001"
title = { zh = "航班<动态>", en = "Flights <live>" }
summary = { zh = "每班一行", en = "One row per flight" }
provider = "city-roads"
file = "flights.csv"
units = ["tailnum"]
  [[dataset.field]]
  name = "tailnum"
  type = "VARCHAR"
  level = "L3"
  identifier = "aircraft"
  label = { zh = "机号", en = "tail number" }
  [[dataset.field]]
  name = "distance"
  type = "DOUBLE"
  level = "L1"
  unit_of_measure = "km"
"""


@pytest.fixture
def client(here: Deployment) -> FlaskClient:
    return create_server(here.store).test_client()


def describe(here: Deployment, tmp_path: Path, state: str = "published") -> None:
    """A catalog entry in `state`, as the catalog writes it."""
    (tmp_path / "catalog.toml").write_text(FOLDER.replace('uscc = "12330100MB0000001X"\n', ""), encoding="utf-8")
    (tmp_path / "flights.csv").write_text("tailnum,distance\nN1,2\n")
    entry = read_catalog(tmp_path).entries[0]
    with here.store.change("catalog_entry:described", actor=here.machine(), subject="entry-1") as change:
        change.execute(
            insert(catalog_entry).values(
                id="entry-1",
                name=entry.name,
                code=entry.code,
                state=state,
                provider_id="city-roads",
                kind=entry.kind.value,
                metadata=entry_to_json(entry),
                grade=entry.grade,
                operation_authorized=True,
                author="x",
                created_at=change.at,
                updated_at=change.at,
            )
        )


class Outline(HTMLParser):
    """Ids, headings, links and classes of a page; refuses what the policy would block."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.language = ""
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        assert tag not in {"script", "style", "iframe", "object"}
        assert "style" not in names
        assert not [n for n in names if n.startswith("on")]
        if tag in {"h1", "h2", "h3"}:
            self.headings.append(tag)
        if tag == "html":
            self.language = names.get("lang") or ""
        if tag == "a":
            self.links.append(names.get("href") or "")


def page(client: FlaskClient, path: str, status: int = 200, *, prefers: str = "en") -> str:
    answer = client.get(path, headers={"Accept": "text/html", "Accept-Language": prefers})
    assert answer.status_code == status, answer.get_data(as_text=True)
    for name, value in shield.HEADERS.items():
        assert answer.headers[name] == value
    text = answer.get_data(as_text=True)
    outline = Outline(text)
    assert outline.headings[0] == "h1"
    assert outline.headings.count("h1") == 1
    return text


def test_empty_pages_say_what_to_do(client: FlaskClient) -> None:
    assert "The catalog is empty" in page(client, "/catalog?lang=en")
    assert "目录还是空的" in page(client, "/catalog?lang=zh")
    assert "entries" in page(client, "/?lang=en")


def test_a_published_data_set_is_shown_with_fields_levels_and_units(
    here: Deployment, client: FlaskClient, tmp_path: Path
) -> None:
    describe(here, tmp_path)
    assert "Flights &lt;live&gt;" in page(client, "/catalog?lang=en")
    english, chinese = page(client, "/catalog/flights?lang=en"), page(client, "/catalog/flights?lang=zh")
    assert all(t in english for t in ("tail number", "L3", "km", "Protected subject", "2/01/001/0001"))
    assert all(t in chinese for t in ("机号", "保护主体", "每班一行"))
    assert (Outline(english).language, Outline(chinese).language) == ("en", "zh-Hans")


@pytest.mark.parametrize("state", ["draft", "under_review", "offline"])
def test_an_entry_that_is_not_published_is_not_there(
    here: Deployment, client: FlaskClient, tmp_path: Path, state: str
) -> None:
    describe(here, tmp_path, state)
    assert "flights" not in page(client, "/catalog?lang=en")
    assert "No such page" in page(client, "/catalog/flights?lang=en", 404)


def test_the_language_follows_the_browser_and_a_choice_stays_in_the_links(client: FlaskClient) -> None:
    assert Outline(page(client, "/", prefers="zh-CN,zh;q=0.9")).language == "zh-Hans"
    assert Outline(page(client, "/", prefers="en-GB")).language == "en"
    assert "/catalog?lang=zh" in Outline(page(client, "/?lang=zh")).links
    assert "/ledger?before=5&lang=en" in Outline(page(client, "/ledger?before=5&lang=zh")).links


def test_a_job_shows_where_it_stands_and_neither_its_sql_nor_its_author(here: Deployment, client: FlaskClient) -> None:
    waiting, done = here.queued(), here.queued("rita")
    run_worker(here.worker(), once=True)
    run_worker(here.worker(), once=True)
    assert here.job(waiting).state == here.job(done).state == "awaiting_review"
    text = page(client, f"/jobs/{done}?lang=en")
    assert "awaiting review" in text
    for secret in (SQL, "rita", "rivals", "carrier"):
        assert secret not in text
    body = client.get(f"/jobs/{done}", headers={"Accept": "application/json"}).get_json()
    assert (body["state"], body["result"]) == (
        "awaiting_review",
        {"rows": 2, "suppressed": 0, "stopped_by_firewall": 0},  # three, told in tens
    )
    assert "sql" not in body


def test_a_refused_job_tells_code_place_and_remedy(here: Deployment, client: FlaskClient) -> None:
    def no(_: object) -> None:
        raise Refusal(Finding(code="job-sql-empty", position=Position(line=3, column=7)))

    job_id = decide(here.store, here.machine(), here.submitted(), no).id
    text = page(client, f"/jobs/{job_id}?lang=en")
    assert all(t in text for t in ("job-sql-empty", "line 3, column 7", "Write one SELECT"))
    assert "第 3 行第 7 列" in page(client, f"/jobs/{job_id}?lang=zh")


@pytest.mark.parametrize("path", ["/jobs/job-none", "/jobs/..%2f..%2fetc", "/nothing", "/catalog/%00", "/static/../x"])
def test_what_is_not_there_is_a_designed_404(client: FlaskClient, path: str) -> None:
    assert "No such page" in page(client, f"{path}?lang=en", 404)
    body = client.get(path, headers={"Accept": "application/json"})
    assert (body.status_code, body.get_json()["status"]) == (404, 404)


def test_pages_only_read(client: FlaskClient) -> None:
    for path in ("/", "/catalog", "/ledger", "/account", "/healthz"):
        for method in ("post", "put", "delete", "patch"):
            assert getattr(client, method)(path).status_code == 405


def test_a_foreign_host_name_is_refused(client: FlaskClient) -> None:
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
    assert client.get("/", headers={"Host": "localhost:8340"}).status_code == 200


def test_the_ledger_is_paged_and_names_neither_people_nor_whole_job_numbers(
    here: Deployment, client: FlaskClient
) -> None:
    jobs = [here.queued() for _ in range(25)]
    here.services.checkpoint()
    first = page(client, "/ledger?lang=en")
    assert "sluice/ledger" in first
    assert first.count("<tr><td>") == PAGE
    older = re.search(r"/ledger\?before=(\d+)", first)
    assert older
    second = page(client, f"/ledger?before={older[1]}&lang=en")
    assert "person:registered" in second
    for text in (first, second):
        assert not [j for j in jobs if j in text]
        assert ">ana<" not in text
        assert "rev-roads" not in text


@pytest.mark.parametrize("before", ["-1", "x", "1e9", "9" * 40, "１"])
def test_a_page_number_that_is_none_is_a_bad_request(client: FlaskClient, before: str) -> None:
    page(client, f"/ledger?before={before}&lang=en", 400)


def test_ready_means_database_and_ledger_and_alive_means_less(here: Deployment, client: FlaskClient) -> None:
    here.queued()
    assert client.get("/healthz").get_json() == {"status": "alive"}
    assert client.get("/readyz").get_json()["checks"] == {"database": True, "ledger": True}
    with here.store._writer.begin() as connection:
        triggers = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'trigger'").scalars().all()
        for name in triggers:
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.execute(update(ledger_entry).where(ledger_entry.c.position == 1).values(leaf_hash="00" * 32))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.get_json()["checks"]) == (503, {"database": True, "ledger": False})
    assert client.get("/healthz").status_code == 200


def test_our_own_fault_says_so_and_shows_no_detail(here: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    server = create_server(here.store)
    here.store.close()
    monkeypatch.setattr(here.store, "_reader", None)
    answer = server.test_client().get("/catalog?lang=en", headers={"Accept": "text/html"})
    assert answer.status_code == 500
    assert "Something broke" in answer.get_data(as_text=True)
    assert "NoneType" not in answer.get_data(as_text=True)


def test_the_first_page_counts_what_was_released(here: Deployment, client: FlaskClient) -> None:
    make_release(here.desk(), here.actor("officer"), here.approved())
    assert re.search(r"outputs released</dt><dd>1<", page(client, "/?lang=en"))


# ------------------------------------------------------------------------------------------------ the files themselves


def test_every_text_has_both_languages_and_every_key_in_a_template_exists() -> None:
    known = texts()
    assert set(LANGUAGES) == {"zh", "en"}
    used = set()
    for template in (WEB / "templates").iterdir():
        used |= set(re.findall(r"\bt\('([a-z_-]+)'[),]", template.read_text()))
    assert used <= set(known)


def test_every_state_of_a_job_has_words() -> None:
    from app.domain.lifecycles import JOB

    for state in JOB.states:
        assert {f"state-{state.name}", f"state-{state.name}-what"} <= set(texts())
        assert [s for s, tone in way(state.name) if tone == "here"] == [state.name]
    assert set(TONES) <= {s.name for s in JOB.states}


def test_templates_are_short_and_hold_no_script_or_style() -> None:
    for template in (WEB / "templates").iterdir():
        text = template.read_text()
        assert len(text.splitlines()) <= 100
        assert not re.search(r"<script|<style|\sstyle=|\son[a-z]+=|\|\s*safe|autoescape false", text)
    css = (WEB / "static" / "sluice.css").read_text()
    assert "prefers-color-scheme: dark" in css
    assert "http" not in css
    assert json.dumps(shield.POLICY).count("unsafe") == 0


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1])
def test_text_has_the_contrast_of_wcag_aa_in_light_and_dark(scheme: int) -> None:
    blocks = re.findall(r":root \{(.*?)\}", (WEB / "static" / "sluice.css").read_text(), flags=re.DOTALL)
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", blocks[scheme]))
    pairs = [(t, b) for t in ("ink", "soft", "water") for b in ("paper", "sheet")]
    pairs += [(t, f"{t}-soft") for t in ("water", "stop", "wait", "go")] + [("soft", "code"), ("ink", "code")]
    for text, ground in pairs:
        light, dark = sorted((_luminance(colours[text]), _luminance(colours[ground])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)


@pytest.mark.parametrize("lang, word", [("zh", "授权运营单位"), ("en", "operators")])
def test_the_account_is_public_and_holds_numbers_only(client: FlaskClient, lang: str, word: str) -> None:
    shown = page(client, f"/account?lang={lang}")
    assert word in shown
    assert f"/account?lang={lang}" in Outline(page(client, f"/ledger?lang={lang}")).links
