"""No address that a stranger names in a chat leads inwards; the same, named by the config, is asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.model import Outcome
from bot.watch.checks import HttpCheck
from tests.chat.strangers import OUTER, Street
from tests.fakes.site import page
from tests.net.test_address_guard import HOSTILE

INNER = (
    "🔒 We can't check that address: it isn't on the public internet",
    "It's inside our own network, or there is no such name.",
)
UNFIT = (
    "🔒 We can't check that address: only plain http and https",
    "On the ports 80, 443, 8080 and 8443, without a user or a password in the address.",
)
# Further addresses, whose owner answers {port} on 127.0.0.1 where they lead there at all.
INWARDS = [
    *(f"http://{host}:{{port}}/" for host in HOSTILE),
    "http://0177.1:{port}/",
    "http://0x7f000001.:{port}/",
    "http://127.0.0.1:{port}/?@outer.example",
    "http://127.0.0.1:{port}#@outer.example/",
    "http://[::ffff:169.254.169.254]:{port}/latest/meta-data/",
    "http://[2002:7f00:0001::7f00:1]:{port}/",
    "http://[fe80::1%25eth0]:{port}/",
    "http://metadata.google.internal:{port}/computeMetadata/v1/",
    "http://127。0。0。1:{port}/",
    "http://①②⑦.⓪.⓪.①:{port}/",
    "http://127.0.0.1.nip.example.:{port}/",
    "https://127.0.0.1:{port}/",
    "HTTP://127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "127.0.0.1:{port}",
    "127.1:{port}/admin",
    "[::1]:{port}",
    "localhost:{port}",
    "inwards.example",
]
UNFITTING = [
    "http://outer.example@127.0.0.1:{port}/",
    "http://outer.example:80@127.0.0.1:{port}/",
    "http://user:pass@outer.example/",
    "http://outer.example\\@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}\\@outer.example/",
    "http:\\\\127.0.0.1:{port}\\",
    "http://127.0.0.1:{port}\r\nX:y/",
    "http://outer.example:{port}/%0d%0a\u200b",
    "http://127.0.0.1:{port}\t@outer.example/",
    "http://127.0.0.1:\u0661/",
    "http://１２７.0.0.1 .outer.example/",
    "http://[::1",
    "http://127.0.0.1:22/",
    "http://127.0.0.1:6379/",
    "http://outer.example:25/",
    "http://outer.example:99999/",
    "http://",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_GET",
    "ftp://127.0.0.1:{port}/",
    "dict://127.0.0.1:{port}/",
    "javascript://127.0.0.1:{port}/%0aalert(1)",
    "jar:http://127.0.0.1:{port}/!/",
    "unix:///var/run/docker.sock",
    "http://outer.example/" + "a" * 2_000,
]


def text(words):
    return (words.title, *words.lines)


@pytest.mark.parametrize("address", INWARDS)
async def test_an_inner_address_is_looked_at_for_the_config_and_for_no_stranger(address, monkeypatch):
    """One answer for all of them, and not one connection."""
    async with Street(monkeypatch) as chat:
        address = address.format(port=chat.inside.port)
        answer = text(await chat.say(f"check {address}"))
        assert answer in {INNER, UNFIT}
        assert answer == INNER or not address.startswith("http://127.")
        assert (chat.opened, chat.inside.connections) == ([], 0)
        if address.startswith("http://127.0.0.1") or "//2130706433" in address or "//inwards" in address:
            reading = await HttpCheck(url=address).run("web", chat.net, timedelta(seconds=5), fresh=True)
            assert (reading.outcome, chat.inside.connections) == (Outcome.OK, 1)


@pytest.mark.parametrize("address", UNFITTING)
async def test_an_address_of_another_kind_is_looked_at_for_nobody(address, monkeypatch):
    async with Street(monkeypatch) as chat:
        answer = text(await chat.say(f"check {address.format(port=chat.inside.port)}"))
        assert answer == UNFIT
        assert (chat.opened, chat.names.asked) == ([], [])


async def test_neither_words_nor_look_ups_tell_which_hosts_we_have(monkeypatch):
    async with Street(monkeypatch) as chat:
        answers = [
            await chat.say(f"check http://{host}:{chat.inside.port}/")
            for host in ("127.0.0.1", "127.0.0.99", "10.0.0.1", "db.inner.example", "db.missing.example", "printer")
        ]
        assert {text(answer) for answer in answers} == {INNER}
        assert chat.names.asked == ["db.inner.example", "db.missing.example"]
        assert chat.opened == []


@pytest.mark.parametrize(
    "to",
    [
        "http://127.0.0.1:{port}/",
        "http://0x7f.1:{port}/",
        "http://2130706433:{port}/",
        "//localhost:{port}/",
        "//127.1:{port}/",
        "http://inwards.example:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://169.254.169.254/latest/meta-data/",
        "http://outer.example@127.0.0.1:{port}/",
        "http://127.0.0.1:22/",
        "http://outer.example:22/",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
        "http://outer.example:{port}\\@127.0.0.1:{port}/",
    ],
)
async def test_every_hop_is_guarded(to, monkeypatch):
    hops = 3
    async with Street(monkeypatch) as chat:
        chat.outside.paths = {f"/{n}": page(302, "", {"Location": f"/{n + 1}"}) for n in range(1, hops)}
        chat.outside.paths[f"/{hops}"] = page(307, "", {"Location": to.format(port=chat.inside.port)})
        answer = text(await chat.say(f"check {chat.outer('/1')}"))
        assert answer in {
            INNER,
            ("🔴 outer.\u2060example doesn't respond: redirects to something that cannot be asked",),
        }
        assert set(chat.opened) == {OUTER}
        assert (chat.inside.connections, len(chat.outside.heard)) == (0, hops)


async def test_the_address_that_was_judged_is_the_one_that_is_asked(monkeypatch):
    """A name whose second answer leads inwards: there is no second question within a look, and each hop has its own."""
    async with Street(monkeypatch) as chat:
        chat.names.known["rebind.example"] = [[OUTER], ["127.0.0.1"]]
        assert "responds" in (await chat.say(f"check {chat.outer('/', 'rebind.example')}")).title
        assert (chat.names.asked, chat.opened) == (["rebind.example"], [OUTER])

        chat.names.known["again.example"] = [[OUTER], ["127.0.0.1"]]
        chat.outside.answer = page(302, "", {"Location": "/again"})
        assert text(await chat.say(f"check {chat.outer('/', 'again.example')}")) == INNER
        assert (chat.opened, chat.inside.connections) == ([OUTER, OUTER], 0)


async def test_of_a_name_with_both_only_the_outer_address_is_asked(monkeypatch):
    async with Street(monkeypatch) as chat:
        chat.names.known["both.example"] = [["127.0.0.1", OUTER, "::1"]]
        assert "responds" in (await chat.say(f"check {chat.outer('/', 'both.example')}")).title
        assert chat.opened == [OUTER]


async def test_an_address_that_this_machine_bears_is_inner_though_it_is_public(monkeypatch):
    monkeypatch.setattr("bot.net.address_guard._bound", lambda address, _: address == OUTER)
    async with Street(monkeypatch) as chat:
        assert text(await chat.say(f"check {chat.outer()}")) == INNER
        assert text(await chat.say(f"check http://[64:ff9b::{OUTER}]:{chat.inside.port}/")) == INNER
        assert chat.opened == []
