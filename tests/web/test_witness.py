"""The door of the witnesses: who may pass, what is given, what is taken."""

from __future__ import annotations

import json
from datetime import timedelta

import httpx
import pytest
from starlette.applications import Starlette

from bot.model import Service
from bot.model.reasons import LONGEST
from bot.watch.checks.http import HttpCheck
from bot.watch.rounds import Watched
from bot.watch.witness.assignment import WitnessSettings, given
from bot.watch.witness.protocol import LARGEST, MOST
from bot.watch.witness.registry import Member, WitnessRegistry
from bot.web import witness as module
from bot.web.metrics import Metrics, metrics
from bot.web.witness import Witnesses
from tests.web.pages import NOW, QUIET

LONDON, SYDNEY = "token-of-london-123", "token-of-sydney-123"


class Door:
    def __init__(self):
        check = HttpCheck(url="https://x.example/", headers={"X-Key": "secret-header"})
        services = [
            Watched(Service("x", "X", ("web",)), {"web": check}, every=timedelta(seconds=30)),
            Watched(Service("y", "Y", ("web",)), {"web": HttpCheck(url="https://y.example/")}),
        ]
        settings = {
            "london": WitnessSettings("london", "London", LONDON, frozenset({"x"})),
            "sydney": WitnessSettings("sydney", "Sydney", SYDNEY),
        }
        tasks = {key: given(one, services, []) for key, one in settings.items()}
        members = [Member(key, one.name, tasks[key].routes) for key, one in settings.items()]
        self.registry = WitnessRegistry(members, {"x": 30.0, "y": 30.0})
        self.witnesses = Witnesses({key: one.token for key, one in settings.items()}, tasks, self.registry)
        app = Starlette()
        app.router.routes.extend(self.witnesses.routes())
        self.web = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://home")

    async def config(self, token, **headers):
        return await self.web.get("/witness/config", headers={"Authorization": f"Bearer {token}", **headers})

    async def post(self, token, body):
        content = body if isinstance(body, bytes | str) else json.dumps(body)
        headers = {"Authorization": f"Bearer {token}"}
        return await self.web.post("/witness/readings", content=content, headers=headers)


@pytest.fixture
async def door():
    door = Door()
    async with door.web:
        yield door


def body(**more):
    return {"version": 1, "session": "s", "sent": 1.0} | more


def seen(service="x", age=0.5, outcome="ok", route="web", **more):
    return {"service": service, "age": age, "readings": [{"route": route, "outcome": outcome} | more]}


async def test_each_witness_gets_its_own_config_once(door):
    answer = await door.config(LONDON)
    assert answer.status_code == 200
    assert [one["id"] for one in answer.json()["services"]] == ["x"]
    assert "secret-header" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    etag = answer.headers["etag"]
    again = await door.config(LONDON, **{"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")

    other = await door.config(SYDNEY, **{"If-None-Match": etag})
    assert [one["id"] for one in other.json()["services"]] == ["y"]
    assert "secret-header" not in other.text


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer no", f"Basic {LONDON}", f"Bearer {LONDON}x", "Bearer é"]
)
async def test_all_wrong_tokens_get_the_same_answer(door, header):
    headers = {} if header is None else {"Authorization": header.encode()}
    for method, path in (("GET", "/witness/config"), ("POST", "/witness/readings")):
        answer = await door.web.request(method, path, headers=headers)
        assert (answer.status_code, answer.text) == (401, "No witness has this token.\n")
    assert door.registry.ages() == {"london": None, "sydney": None}


async def test_readings_are_taken_and_answered_with_what_to_do_next(door):
    answer = await door.post(LONDON, body(rounds=[seen(took=0.2)]))
    etag = (await door.config(LONDON)).headers["etag"]
    assert answer.json() == {"etag": etag, "checks": []}
    assert door.registry.ages()["london"] is not None
    assert door.registry.counts()["london", "taken"] == 1


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"version": 1' + b"[" * 100_000,
        body(surprise=1),
        body(version=2),
        body(sent="nan"),
        b'{"version": 1, "session": "s", "sent": NaN}',
        b'{"version": 1, "session": "s", "sent": 1e999}',
        body(session="s" * 101),
        body(rounds=[seen(outcome="great")]),
        body(rounds=[seen(age=None)]),
        body(rounds=[seen(took=-1)]),
        body(rounds=[seen(until="2026-01-01T00:00:00")]),
        body(rounds=[seen(route="r" * 101)]),
        body(rounds=[{"service": "x", "age": 1, "readings": []}]),
        body(rounds=[seen(why={"code": "http_status", "facts": 7})]),
        body(rounds=[seen()] * (MOST + 1)),
    ],
)
async def test_what_cannot_be_read_is_refused_without_being_quoted(door, wrong):
    answer = await door.post(LONDON, wrong)
    assert (answer.status_code, answer.text) == (
        400,
        "These readings cannot be read; is the witness of another version?\n",
    )
    assert door.registry.counts()["london", "taken"] == 0


async def test_a_body_that_is_too_long_is_refused(door):
    assert (await door.post(LONDON, b" " * (LARGEST + 1))).status_code == 413


async def test_what_it_was_not_given_is_refused_and_logged_once(door, caplog):
    for _ in range(3):
        answer = await door.post(SYDNEY, body(rounds=[seen(), seen("y"), seen("y", route="no")]))
        assert answer.status_code == 200
    assert door.registry.counts()["sydney", "refused"] == 6
    assert caplog.text.count("sydney reports what it was not given to check") == 1


async def test_too_many_requests_wait_and_the_others_go_on(door, monkeypatch):
    monkeypatch.setattr(module, "monotonic", lambda: 5.0)
    answers = [(await door.post(LONDON, body())).status_code for _ in range(module.EACH + 2)]
    assert answers == [200] * module.EACH + [429] * 2
    assert (await door.config(LONDON)).status_code == 200
    assert (await door.post(SYDNEY, body())).status_code == 200
    monkeypatch.setattr(module, "monotonic", lambda: 5.0 + module.PER + 0.1)
    assert (await door.post(LONDON, body())).status_code == 200


async def test_a_reason_from_outside_is_cut_and_without_advice(door):
    why = {"code": "http_unreadable", "facts": [["detail", "x" * 5000]], "advice": {"code": "try_later"}}
    assert (await door.post(LONDON, body(rounds=[seen(outcome="failed", why=why)]))).status_code == 200
    [(_, _, reading)] = door.registry.drain()
    assert len(reading.why.facts[0][1]) == LONGEST
    assert reading.why.advice is None


def nested(depth):
    return {"code": "while_waiting", "facts": [["what", nested(depth - 1) if depth else {"code": "timed_out"}]]}


@pytest.mark.parametrize("why", [nested(6), nested(200), {"code": "http_status", "facts": [["status", 1e300]]}])
async def test_a_reason_that_nobody_can_word_is_refused(door, why):
    assert (await door.post(LONDON, body(rounds=[seen(outcome="failed", why=why)]))).status_code == 400
    nan = json.dumps(
        body(rounds=[seen(outcome="failed", why={"code": "http_status", "facts": [["status", float("nan")]]})])
    )
    assert (await door.post(LONDON, nan)).status_code == 400


def test_secrets_are_not_shown(caplog):
    caplog.set_level("INFO")
    door = Door()
    assert "token-of" not in repr(door.witnesses)
    assert "secret-header" not in repr(door.witnesses)
    assert "the witness sydney does not check x" in caplog.text
    assert "secret" not in caplog.text


def test_the_metrics_tell_the_age_of_the_last_word():
    known = Metrics(NOW, NOW, NOW, {}, {}, {}, witnesses={"london": 3.21, "sydney": None})
    text = metrics(known, QUIET).decode()
    assert 'tocsin_witness_age_seconds{witness="london"} 3.2' in text
    assert 'tocsin_witness_age_seconds{witness="sydney"} +Inf' in text
    assert "tocsin_witness" not in metrics(Metrics(NOW, NOW, NOW, {}, {}, {}), QUIET).decode()
