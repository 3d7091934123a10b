"""What the page answers to odd callers: no redirect, no foreign form, nothing broken by a character."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.model import Overview, Reading, Service, ServiceState, Tally
from bot.model.observations import Outcome
from bot.web import connections
from bot.web.rendering import well_formed
from bot.web.report_form import Reporting
from bot.web.webhooks import Hooks
from tests.flow.house import eventually, world
from tests.reasons import quote
from tests.web.pages import NOW, Stage, browsing
from tests.web.test_heartbeats import JOB, door  # noqa: F401 - a fixture
from tests.web.test_http_server import answered
from tests.web.test_report_form import DOWN as FORM
from tests.web.test_report_form import page
from tests.wording.outages import DOWN

TOKEN = "a-token-of-a-hook"
ODD = "a\ud800b\x00c\x1b[31m\u0085\udfff"


# ── redirects ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened("B8", "`Host: evil.example`, a slash too many", "the same answer, or 404; no Location")
@pytest.mark.parametrize(
    ("path", "method", "right"),
    [
        ("/status.json/", "GET", 200),
        ("/healthz/", "GET", 200),
        ("/metrics/", "HEAD", 200),
        ("/static", "GET", 404),
        ("/static/", "GET", 404),
        ("/nowhere/", "GET", 404),
        (f"/hooks/x/{TOKEN}/", "POST", 204),
        (f"/hooks/x/{TOKEN}x/", "POST", 404),
        ("/hooks/x/", "POST", 404),
        ("/hooks/", "POST", 404),
        ("/report/", "POST", 404),
    ],
)
async def test_no_answer_leads_elsewhere(path, method, right):
    hooks = Hooks({"x": TOKEN}, lambda _service: None)
    async with browsing(Stage(), doors=[hooks.route()]) as web:
        answer = await web.request(method, path, headers={"host": "evil.example"})
    assert answer.status_code == right
    assert "location" not in answer.headers
    assert "evil" not in answer.text


# ── heartbeats ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened("T26", "slash at the end of a job's address; `/log`", "taken; 200")
@pytest.mark.parametrize(("path", "trouble"), [("/", ""), ("/fail/", "reported a failure"), ("/3/", "exit code 3")])
async def test_a_slash_at_the_end_of_a_jobs_address_is_taken(door, path, trouble):  # noqa: F811
    for method in ("GET", "POST", "HEAD"):
        answer = await door.call(path, method)
        assert (answer.status_code, "location" in answer.headers) == (200, False)
    assert trouble in door.trouble
    assert (door.board._jobs[JOB].done_at is not None) == (path == "/")


@pytest.mark.hardened("T26", "`/log`", "200, and no word of how the job is")
@pytest.mark.parametrize("path", ["/log", "/log/", "/log?rid=0b1c"])
async def test_a_log_is_taken_and_changes_nothing(door, path):  # noqa: F811
    await door.call("/fail")
    before = door.board._jobs[JOB]
    assert (await door.call(path, "POST", content=b"output")).text == "OK"
    assert door.board._jobs[JOB] == before


@pytest.mark.hardened("O20", "a call with a body of 3 MB, 40 MB, in chunks", "200, and counted")
@pytest.mark.parametrize("size", [100_001, 3_000_000, 14_000_000])
async def test_a_call_counts_whatever_it_brings_along(door, size):  # noqa: F811
    async def chunks():
        for _ in range(size // 50_000):
            yield b"x" * 50_000

    for body in (b"x" * size, chunks()):
        assert (await door.call("/fail", "POST", content=body)).text == "OK"
    assert door.trouble == "reported a failure"


@pytest.mark.parametrize("said", [100_000_000, 10**14])
async def test_a_call_counts_before_its_body_is_here(door, said):  # noqa: F811
    url = httpx.URL(str(door.web.base_url))
    reader, writer = await asyncio.open_connection(url.host, url.port)
    writer.write(
        f"POST /heartbeat/a-token-of-the-file/fail HTTP/1.1\r\nHost: x\r\nContent-Length: {said}\r\n\r\n".encode()
    )
    assert b"200 OK" in await reader.read(100)
    assert door.trouble
    writer.close()


@pytest.mark.parametrize("path", ["", "/", "/start", "/log", "/256", "/a/b/c"])
async def test_all_that_there_is_not_has_one_answer(door, path):  # noqa: F811
    answers = [
        await door.call(path, token=token) for token in ("nobody", "9b0c4e1e-7a3f-4f0f-8a70-5c9f4d2f1e11", "%ed%a0%80")
    ]
    answers.append(await door.call("/nonsense"))
    assert {(a.status_code, a.text) for a in answers} == {(404, "There is no such heartbeat.\n")}


# ── the form ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened("B14", "a form post with a foreign Origin and no Sec-Fetch-Site", "403, not counted")
@pytest.mark.parametrize(
    ("headers", "right"),
    [
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://status.example.org.evil.example"}, 403),
        ({"origin": "http://[broken"}, 403),
        ({"referer": "http://evil.example/page"}, 403),
        ({"origin": "https://status.example.org"}, 303),
        ({"origin": "http://page.inner:8080", "host": "page.inner:8080"}, 303),
        ({"origin": "https://page.inner", "host": "page.inner"}, 303),
        ({"origin": "http://page.inner:81", "host": "page.inner:8080"}, 403),
        ({"origin": "https://outer.example", "x-forwarded-host": "outer.example"}, 403),
        ({}, 303),
    ],
)
async def test_a_form_of_another_site_does_not_count(tmp_path, monkeypatch, headers, right):
    made = Reporting.__init__

    def init(self, *arguments, **named):
        made(self, *arguments, **named)
        self.public_url = "https://status.example.org"

    monkeypatch.setattr(Reporting, "__init__", init)
    async with page(tmp_path) as (web, crowd):
        answer = await web.post("/report", data=FORM, headers=headers)
        assert answer.status_code == right
        assert bool(crowd.tallies()) == (right == 303)


async def test_the_page_lets_its_own_form_name_its_origin(tmp_path):
    async with page(tmp_path) as (web, _):
        assert (await web.get("/")).headers["referrer-policy"] == "same-origin"


@pytest.mark.hardened("B7", "a reporter hangs up in mid-body, or drips", "no log line of an error, nothing counted")
async def test_who_hangs_up_or_drips_costs_nothing(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(connections, "PATIENCE", 0.2)
    async with page(tmp_path) as (web, crowd):
        url = httpx.URL(str(web.base_url))
        head = b"POST /report HTTP/1.1\r\nHost: x\r\nContent-Length: 18\r\n\r\nservice=x&"
        for _ in range(20):
            _, writer = await asyncio.open_connection(url.host, url.port)
            writer.write(head)
            await writer.drain()
            writer.transport.abort()
        reader, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(head)
        assert b" 408 " in await asyncio.wait_for(reader.read(100), 10)
        writer.close()
        assert (await web.post("/report", data=FORM)).status_code == 303
        assert crowd.tallies()["x"] == Tally(1)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
    assert "Traceback" not in caplog.text


# ── characters ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened("B12", "lone surrogates and control characters in every name", "/, /status.json, /metrics: 200")
@pytest.mark.parametrize("path", ["/", "/status.json", "/metrics"])
async def test_no_character_breaks_an_answer(path):
    incident = replace(DOWN, acked_by=ODD, readings=(Reading(ODD, Outcome.FAILED, quote(ODD)),))
    service = Service("x", ODD, (ODD,), ODD)
    stage = Stage(Overview(NOW, ((service, ServiceState("x", incident=incident)),), (incident,)))
    stage.vitals = replace(stage.vitals, backlog={ODD: 1}, told={(ODD, "sent"): 1}, channels={ODD: None})
    async with browsing(stage, title=ODD) as web:
        answer = await web.get(path)
    assert answer.status_code == 200
    text = answer.content.decode()
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", text)
    if path == "/status.json":
        found = json.loads(text)
        assert found["services"][0]["incident"]["acknowledged_by"].startswith("a\ufffdb\ufffdc")
        json.dumps(found, ensure_ascii=False).encode()
    if path == "/metrics":
        assert list(text_string_to_metric_families(text))


def test_what_can_be_shown_stays_as_it_is():
    text = "¿Qué? 👩‍👩‍👧 \u2068x\u2069\n\tمرحبا"
    assert well_formed(text) == text


# ── and the whole daemon ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.hardened(
    "A2", "300 silent clients and an endless header while a service goes down", "told as ever; memory flat"
)
async def test_no_caller_of_the_page_stops_the_watch(tmp_path, saw):
    async with world(tmp_path) as street:
        street.keep("telegram")
        async with street.daemon() as daemon:
            status = f"/proc/{daemon.process.pid}/status"

            def memory():
                with open(status) as file:  # noqa: PTH123
                    return int(next(line for line in file if line.startswith("VmRSS")).split()[1]) // 1024

            before = memory()
            made = [await asyncio.open_connection("127.0.0.1", street.port) for _ in range(300)]
            held = [not reader.at_eof() for reader, _ in made]
            street.fail()
            await street.telegram.until(lambda: any("X (Twitter)" in m.text for m in street.telegram.messages))
            for _, writer in made:
                writer.close()
            reader, writer = await eventually(lambda: asyncio.open_connection("127.0.0.1", street.port))
            writer.write(b"GET / HTTP/1.1\r\nX: " + b"a" * 30_000_000)
            assert b"431" in await answered(reader) or writer.is_closing() or reader.at_eof()
            assert memory() - before < 40
            assert not any("could not see" in m.text for m in street.telegram.messages)
            assert await eventually(daemon.well)
            saw(f"{len(held)} clients; told; RSS {before} -> {memory()} MB")
