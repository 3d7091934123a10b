"""`tocsin status` of a running daemon, answered by the daemon itself."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import contextmanager
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette

from bot import quick_status, runtime_record
from bot.clock import SYSTEM
from bot.healthcheck import quick as healthcheck
from bot.model import (
    Confidence,
    Health,
    Incident,
    Outcome,
    Overview,
    Reading,
    Service,
    ServiceState,
    Style,
)
from bot.model.cluster import ClusterView
from bot.runtime_record import SECRET_HEADER, STATUS_PATH
from bot.web.local_status import LocalStatus
from bot.web.status_report import report

NOW = datetime(2022, 7, 14, 12, 0, tzinfo=UTC)
SAID = {"out": ["All up.", "\x1b[31mred"], "err": ["Tocsin itself is unwell: x"], "known": True, "down": True}


@contextmanager
def daemon(body, status="200 OK"):
    """One answer, and the request."""
    heard = []
    with socket.create_server(("127.0.0.1", 0)) as door:

        def answer():
            try:
                line = door.accept()[0]
            except OSError:  # nobody has asked
                return
            heard.append(line.recv(9999).decode())
            line.sendall(f"HTTP/1.1 {status}\r\n\r\n".encode() + body)
            line.close()

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        with runtime_record.kept("config.yaml") as record:
            record.say(door.getsockname())
            yield heard, record


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))


@pytest.mark.parametrize(
    ("arguments", "code", "query"),
    [
        ([], 0, ""),
        (["--exit-code"], 3, ""),
        (["x y/&", "-c", "config.yaml"], 0, "service=%78%20%79%2F%26"),
        (["--json", "--config=config.yaml"], 0, "json"),
    ],
)
def test_what_the_daemon_says_is_printed(capsys, arguments, code, query):
    with daemon(json.dumps(SAID).encode()) as (heard, record):
        assert quick_status.quick(arguments) == code
    assert heard[0].startswith(f"GET {STATUS_PATH}?{query} HTTP/1.1\r\n")
    assert f"{SECRET_HEADER}: {record.secret}\r\n" in heard[0]
    assert len(record.secret) == 32
    told = capsys.readouterr()
    assert (told.out, told.err) == ("All up.\n[31mred\n", "Tocsin itself is unwell: x\n")


def test_an_unknown_service_is_wrong_usage(capsys):
    with daemon(json.dumps({"out": ["there is no x"], "err": [], "known": False, "down": False}).encode()):
        assert quick_status.quick(["x"]) == 2
    assert capsys.readouterr().err == "tocsin: there is no x\n"


@pytest.mark.parametrize(
    ("body", "status"), [(b"", "404 Not Found"), (b"{", "200 OK"), (b'{"out": 1}', "200 OK"), (b"[]", "200 OK")]
)
def test_what_is_no_answer_leaves_it_to_the_command(body, status):
    with daemon(body, status):
        assert quick_status.quick([]) is None


@pytest.mark.parametrize("arguments", [["--help"], ["-c"], ["a", "b"], ["--no-json"], ["-c", "\0"], [""]])
def test_what_it_does_not_understand_is_left_to_the_command(arguments):
    assert quick_status.quick(arguments) is None


def test_without_a_daemon_or_with_several_it_is_left_to_the_command():
    assert quick_status.quick([]) is None
    with daemon(b""), daemon(b""):
        assert quick_status.quick([]) is None
        assert healthcheck([]) is None


def site(secret="abc"):
    async def overview(since):
        return Overview(SYSTEM.utcnow(), ((Service("x", "X"), ServiceState("x", up_since=since)),))

    async def vitals():
        from bot.web.metrics import Metrics

        at = SYSTEM.utcnow()
        return Metrics(at=at, started_at=at, looked_at=at, backlog={}, told={}, rounds={})

    app = Starlette(routes=[LocalStatus(overview, vitals, Style(), SYSTEM.utcnow, secret).route()])
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost")


async def test_only_who_knows_the_secret_is_answered():
    async with site() as open_site, site("") as closed:
        assert (await open_site.get(STATUS_PATH)).status_code == 404
        assert (await open_site.get(STATUS_PATH, headers={SECRET_HEADER: "abd"})).status_code == 404
        assert (await closed.get(STATUS_PATH, headers={SECRET_HEADER: ""})).status_code == 404
        said = (await open_site.get(STATUS_PATH, headers={SECRET_HEADER: "abc"})).json()
    assert said["known"]
    assert not said["down"]
    assert said["out"]


async def test_one_service_data_and_what_is_unknown():
    async with site() as open_site:

        async def ask(**asked):
            return (await open_site.get(STATUS_PATH, params=asked, headers={SECRET_HEADER: "abc"})).json()

        assert "X" in (await ask(service="x"))["out"][0]
        assert json.loads((await ask(json=""))["out"][0])["services"][0]["id"] == "x"
        unknown = await ask(service="y", json="")
    assert (unknown["known"], unknown["out"]) == (False, ['there is no service "y"; expected one of x'])


def test_the_report_is_the_same_as_the_commands():
    seen = Overview(SYSTEM.utcnow(), ((Service("x", "X"), ServiceState("x")),))
    assert report(seen, Style(), None, ClusterView()).lines


@pytest.mark.parametrize(("outcome", "down"), [(Outcome.FAILED, True), (Outcome.SLOW, True), (Outcome.EXPIRING, False)])
def test_a_certificate_that_expires_soon_is_nothing_down(outcome, down):
    incident = Incident(
        "x", 1, NOW, Health.DEGRADED, Confidence.CONFIRMED, readings=(Reading("web", outcome),), confirmed_at=NOW
    )
    overview = Overview(NOW, ((Service("x", "X"), ServiceState("x", incident=incident)),))
    assert report(overview, Style(), None, ClusterView()).down is down
