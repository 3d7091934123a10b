"""What every check says of the same faults."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest
from pydantic import TypeAdapter

from bot.contracts import Cause, Echoed, Trouble
from bot.model import Outcome
from bot.net import Network, dns
from bot.net.dns import Resolver
from bot.watch.checks import AnyCheck
from tests.fakes.lines import LineServer
from tests.fakes.nameserver import SERVFAIL, NameServer
from tests.reasons import english, quote

SOON, BRIEF = timedelta(seconds=5), timedelta(seconds=0.15)
KINDS = {
    "http": {"url": "http://{host}:{port}/"},
    "https": {"kind": "http", "url": "https://{host}:{port}/", "expires_in": "14d"},
    "tcp": {"host": "{host}", "port": "{port}"},
    "tls": {"host": "{host}", "port": "{port}"},
    "starttls": {"kind": "tls", "host": "{host}", "port": "{port}", "starttls": "smtp"},
    "greeting": {"host": "{host}", "port": "{port}", "expect": "220"},
    "websocket": {"url": "ws://{host}:{port}/"},
    "dns": {"name": "{host}"},
    "ping": {"host": "{host}"},
}
CONNECTING = [kind for kind in KINDS if kind not in {"dns", "ping"}]
SPEAKING = [kind for kind in CONNECTING if kind != "tcp"]


def make(kind, host="127.0.0.1", port=1, **more):
    fields = {key: value.format(host=host, port=port) for key, value in KINDS[kind].items()}
    return TypeAdapter(AnyCheck).validate_python({"kind": kind} | fields | more)


@pytest.fixture(autouse=True)
def _brisk(monkeypatch):
    monkeypatch.setattr(dns, "ATTEMPT", 0.05)


@pytest.fixture
async def named():
    """A network whose resolver is a name server of ours."""
    async with NameServer({"fails.example": SERVFAIL}) as server:
        resolver = Resolver([server.address])
        async with Network(resolver=resolver) as network:
            yield network
        await resolver.close()


@pytest.fixture
def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@pytest.mark.parametrize("kind", CONNECTING)
async def test_refused_is_bad(net, free_port, kind):
    reading = await make(kind, port=free_port).run("web", net, SOON, fresh=False)
    assert (reading.route, reading.outcome, english(reading.why)) == ("web", Outcome.FAILED, "connection refused")


@pytest.mark.parametrize("kind", SPEAKING)
async def test_silence_beyond_the_time_out_is_bad(net, kind):
    async with LineServer(b"") as server:
        reading = await make(kind, port=server.port).run("web", net, BRIEF, fresh=False)
    assert reading.outcome is Outcome.FAILED
    assert english(reading.why).startswith("timed out after 0.15 s while ") or "during the TLS" in english(reading.why)


@pytest.mark.parametrize("kind", SPEAKING)
@pytest.mark.parametrize("junk", [b"\x00\xff\x15junk\r\n\r\n", bytes(range(256)) * 12 + b"\n", b"220", b"\r\n" * 5000])
async def test_garbage_is_bad(net, kind, junk):
    async with LineServer(junk, stays=False) as server:
        reading = await make(kind, port=server.port).run("web", net, SOON, fresh=False)
    assert reading.outcome is Outcome.FAILED
    assert english(reading.why)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_name_that_does_not_exist_is_bad(named, kind):
    reading = await make(kind, host="none.example").run("web", named, SOON, fresh=False)
    assert (reading.outcome, english(reading.why)) == (Outcome.FAILED, "no such name")


@pytest.mark.parametrize("kind", KINDS)
async def test_name_servers_that_do_not_answer_are_bad(named, kind):
    reading = await make(kind, host="fails.example").run("web", named, SOON, fresh=False)
    assert reading.outcome is Outcome.FAILED
    assert english(reading.why) == "its name cannot be looked up: its name servers do not answer"


@pytest.mark.parametrize("kind", KINDS)
async def test_our_own_resolver_that_is_dead_says_nothing_of_the_service(free_port, kind):
    resolver = Resolver([f"127.0.0.1:{free_port}"])
    async with Network(resolver=resolver) as net:
        reading = await make(kind, host="some.example").run("web", net, SOON, fresh=False)
    await resolver.close()
    assert (reading.outcome, english(reading.why)) == (Outcome.INCONCLUSIVE, "our own resolver does not answer")


class Told:
    """A network that answers everything with the same."""

    def __init__(self, answer):
        self.answer = answer

    def __getattr__(self, _name):
        async def give(*_args, **_how):
            return self.answer

        return give


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cause", list(Cause))
async def test_only_our_own_trouble_is_blind(kind, cause):
    net = Told(Trouble(cause, quote("so it is"), timedelta(0)))
    reading = await make(kind).run("web", net, SOON, fresh=False)
    blind = cause in {Cause.RESOLVER, Cause.OURS, Cause.GUARDED, Cause.UNREADABLE}
    assert (reading.outcome, english(reading.why)) == (Outcome.INCONCLUSIVE if blind else Outcome.FAILED, "so it is")


@pytest.mark.parametrize(
    ("received", "fields", "outcome", "why"),
    [
        (4, {}, Outcome.OK, ""),
        (2, {}, Outcome.OK, ""),
        (1, {}, Outcome.FAILED, "lost 3 of 4 pings"),
        (0, {}, Outcome.FAILED, "answers no ping"),
        (3, {"max_loss": 0}, Outcome.FAILED, "lost 1 of 4 pings"),
        (1, {"max_loss": 99}, Outcome.OK, ""),
        (0, {"max_loss": 99}, Outcome.FAILED, "answers no ping"),
    ],
)
async def test_a_ping_is_good_while_enough_comes_back(received, fields, outcome, why):
    check = TypeAdapter(AnyCheck).validate_python({"kind": "ping", "host": "h", "packets": 4} | fields)
    net = Told(Echoed(4, received, timedelta(milliseconds=3)))
    reading = await check.run("host", net, SOON, fresh=False)
    assert (reading.outcome, english(reading.why), reading.took) == (outcome, why, timedelta(milliseconds=3))


@pytest.mark.parametrize("kind", KINDS)
def test_no_check_takes_what_it_does_not_know(kind):
    with pytest.raises(ValueError, match="unknown"):
        make(kind, unknown=1)
