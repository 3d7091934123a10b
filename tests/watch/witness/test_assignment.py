"""What each witness is given to check: as plain values, and what is private only where it is named."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from bot.model import Service
from bot.watch.checks import AnyCheck
from bot.watch.checks.http import HttpCheck
from bot.watch.rounds import Watched
from bot.watch.witness.assignment import WitnessSettings, given, inner, plain, private
from bot.watch.witness.protocol import Assignment, understood

PARSED = TypeAdapter(AnyCheck)
CHECKS = [
    {"kind": "http", "url": "https://x.example/"},
    {
        "kind": "http",
        "url": "https://x.example/api?key=1",
        "method": "POST",
        "headers": {"X-Key": "secret-header"},
        "auth": {"user": "me", "password": "secret-word"},
        "body": {"a": [1, 2.5, None]},
        "ip": 6,
        "redirects": 0,
        "expires_in": "14d",
        "expect": {
            "status": [200, "204-299"],
            "contains": "All is well",
            "not_contains": ["Oops"],
            "matches": "^a+$",
            "json": {"status.ok": True, "n": 1},
            "headers": {"Server": "x"},
            "final_url": "https://x.example/",
        },
    },
    {"kind": "http", "url": "https://x.example/", "expect": {"json": ["a", "b.c"]}, "auth": {"token": "secret-token"}},
    {"kind": "tcp", "host": "x.example", "port": 25},
    {"kind": "tls", "host": "x.example"},
    {"kind": "dns", "name": "x.example", "type": "MX", "expect": ["mail.example.org"]},
    {"kind": "greeting", "host": "x.example", "port": 25},
    {"kind": "websocket", "url": "wss://x.example/", "headers": {"A": "secret-b"}},
]


@pytest.mark.parametrize("values", CHECKS, ids=lambda values: values["kind"])
def test_a_check_that_was_sent_is_the_same_check(values):
    check = PARSED.validate_python(values)
    assert understood(json.loads(json.dumps(plain(check)))) == check


@pytest.mark.parametrize(
    ("values", "secret"),
    [
        ({"kind": "http", "url": "https://x.example/path"}, False),
        ({"kind": "http", "url": "https://x.example/?key=1"}, True),
        ({"kind": "http", "url": "https://me:pass@x.example/"}, True),
        ({"kind": "http", "url": "https://x.example/", "headers": {"X-Key": "1"}}, True),
        ({"kind": "http", "url": "https://x.example/", "auth": {"token": "1"}}, True),
        ({"kind": "http", "url": "https://x.example/", "method": "POST", "body": "key=1"}, True),
        ({"kind": "http", "url": "http://10.0.0.7/"}, True),
        ({"kind": "http", "url": "http://intranet/"}, True),
        ({"kind": "http", "url": "http://[fd00::1]/"}, True),
        ({"kind": "tcp", "host": "db.internal", "port": 5432}, True),
        ({"kind": "tcp", "host": "x.example", "port": 25}, False),
        ({"kind": "dns", "name": "x.example", "server": "192.168.1.1"}, True),
        ({"kind": "dns", "name": "x.example", "server": "9.9.9.9:53"}, False),
        ({"kind": "websocket", "url": "wss://x.example/", "headers": {"A": "b"}}, True),
    ],
)
def test_what_may_be_a_secret_or_means_nothing_elsewhere_is_private(values, secret):
    assert private(PARSED.validate_python(values)) is secret


def test_inner_names():
    assert [name for name in ("127.0.0.1", "printer", "nas.local.", "8.8.8.8", "x.example", "::1") if inner(name)] == [
        "127.0.0.1",
        "printer",
        "nas.local.",
        "::1",
    ]


def watched(key, *checks):
    routes = {f"r{n}": PARSED.validate_python(values) for n, values in enumerate(checks)}
    return Watched(Service(key, key, tuple(routes)), routes, every=timedelta(seconds=20))


class Job:
    """A heartbeat route as the rounds have it: bound to the calls of its job."""

    kind = "heartbeat"


def test_all_services_but_private_ones_and_jobs_or_those_that_are_named():
    services = [
        watched("plain", CHECKS[0], CHECKS[3]),
        watched("secret", CHECKS[0], CHECKS[1]),
        Watched(Service("job", "job", ("run",)), {"run": Job()}),
        Watched(Service("mixed", "mixed", ("run", "web")), {"run": Job(), "web": HttpCheck(url="https://m.example/")}),
    ]
    canaries = [HttpCheck(url="https://canary.example/")]
    everyone = given(WitnessSettings("london", "London", "t"), services, canaries)
    assert everyone.routes == {"plain": {"r0", "r1"}, "mixed": {"web"}}
    assert everyone.withheld == ("secret",)
    assert b"secret" not in everyone.text
    assert "canary.example" in everyone.text.decode()

    named = given(WitnessSettings("sydney", "Sydney", "t", frozenset({"secret"})), services, canaries)
    assert named.routes == {"secret": {"r0", "r1"}}
    assert b"secret-word" in named.text
    assert "secret" not in repr(named).replace("'secret'", "")
    assert named.etag != everyone.etag
    assert given(WitnessSettings("london", "London", "other"), services, canaries).etag == everyone.etag


def test_a_newer_server_is_understood_as_far_as_possible():
    text = given(WitnessSettings("london", "London", "t"), [watched("plain", CHECKS[0])], []).text
    newer = json.loads(text)
    newer["surprise"] = newer["services"][0]["surprise"] = 1
    newer["services"][0]["routes"]["later"] = {"kind": "quic"}
    task = Assignment.model_validate_json(json.dumps(newer))
    assert task.services[0].every == 20.0
    with pytest.raises(ValueError, match="quic"):
        understood(task.services[0].routes["later"])
