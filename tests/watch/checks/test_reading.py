"""The words of a page in whatever charset, JSON of any depth, and sites that want to be asked less often."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bot.contracts import Answer
from bot.contracts.retry_after import retry_after
from bot.model import Outcome
from bot.net.charset import CODECS, decoded
from bot.offload.pool import OverranError
from bot.watch.checks import HttpCheck, expectations
from bot.watch.checks.expectations import Expect
from bot.watch.checks.websocket import WebsocketCheck
from tests.fakes.site import Site, page
from tests.reasons import english

SOON = timedelta(seconds=5)
META = '<meta charset="iso-8859-1"><h1>Élections</h1>'
EQUIV = '<meta http-equiv="Content-Type" content="text/html; charset=gb2312"><h1>新闻</h1>'

PAGES = [
    (META.encode("latin-1"), "text/html", "Élections"),
    (META.replace('"', "").encode("latin-1"), "", "Élections"),
    (META.upper().encode("latin-1"), "text/html", "ÉLECTIONS"),
    (b"<!-- <meta charset=koi8-r> -->" + META.encode("latin-1"), "text/html", "Élections"),
    (b'<meta name="description" content="charset=koi8-r">' + META.encode("latin-1"), "text/html", "Élections"),
    (b"<title>x</title>" * 60 + META.encode("latin-1"), "text/html", "Élections"),
    (EQUIV.encode("gbk"), "text/html", "新闻"),
    (EQUIV.encode("gb18030"), "text/html; charset=no-such", "新闻"),
    ('<?xml version="1.0" encoding="windows-1251"?><a>Выборы</a>'.encode("cp1251"), "text/xml", "Выборы"),
    ("hello world OK".encode("utf-16"), "text/plain; charset=utf-16", "OK"),
    ("hello world OK".encode("utf-16-be"), "text/plain; charset=utf-16", "OK"),
    ("hello Élections".encode("utf-16-le"), "text/plain; charset=UTF-16LE", "Élections"),
    ("hello Élections".encode("utf-32"), "text/plain; charset=utf-32", "Élections"),
    ("\ufeffÉlections".encode("utf-16-be"), "", "Élections"),
    ("\ufeffÉlections".encode(), "text/html; charset=latin-1", "Élections"),
    ("<p>Élections".encode("utf-16-le"), "text/html", "Élections"),
    ("選挙".encode("shift_jis"), 'text/html; charset="Shift_JIS"', "選挙"),
    ("選挙".encode("euc-jp"), "text/html; charset=EUC-JP", "選挙"),
    ("選挙".encode("iso2022-jp"), "text/html; charset=iso-2022-jp", "選挙"),
    ("선거".encode("euc-kr"), "text/html; charset=euc-kr", "선거"),
    ("選舉".encode("big5"), "text/html; charset=big5", "選舉"),
    ("Выборы".encode("koi8-r"), "text/html; charset=koi8-r", "Выборы"),
    ("Volitve č".encode("cp1250"), "text/html;charset=windows-1250", "č"),
    ("5 €".encode("cp1252"), "text/html; charset=iso-8859-1", "€"),
    ("5 €".encode("iso8859-15"), "text/html; charset=iso-8859-15", "€"),
    ("Élections".encode("latin-1"), "text/html", "Élections"),
    ("Élections".encode(), "text/html", "Élections"),
    ("Élections".encode(), "text/html; charset=iso-8859-1", "Élections"),
    ("E\u0301lections".encode(), "text/html; charset=utf-8", "Élections"),
    ("Élections".encode(), "text/html; charset=utf-8", "E\u0301lections"),
]


@pytest.mark.hardened(
    "T05", "charset in <meta>, BOM, XML declaration or header; UTF-16, UTF-32, and the usual others", "found"
)
@pytest.mark.parametrize(("body", "kind", "word"), PAGES)
async def test_a_word_is_found_in_its_charset(net, body, kind, word):
    async with Site(page(body=body, headers={"Content-Type": kind} if kind else {})) as site:
        for wanted, outcome in (
            ({"contains": word}, Outcome.OK),
            ({"not_contains": word}, Outcome.FAILED),
            ({"contains": "no such"}, Outcome.FAILED),
        ):
            reading = await HttpCheck(url=site.url(), expect=wanted).run("web", net, SOON, fresh=False)
            assert reading.outcome is outcome


@pytest.mark.hardened("T05", "no charset, no UTF-8, and a word beyond ASCII that is not found", "inconclusive")
@pytest.mark.parametrize("wanted", [{"contains": "新闻"}, {"not_contains": "新闻"}, {"matches": "新闻"}])
@pytest.mark.parametrize("kind", ["text/html", "text/html; charset=utf-8"])
async def test_a_guessed_charset_decides_nothing(net, wanted, kind):
    async with Site(page(body="出错了".encode("gbk"), headers={"Content-Type": kind})) as site:
        reading = await HttpCheck(url=site.url(), expect=wanted).run("web", net, SOON, fresh=False)
    assert reading.outcome is Outcome.INCONCLUSIVE
    assert "charset is not known" in english(reading.why)


@pytest.mark.parametrize("codec", sorted(set(CODECS.values())))
@pytest.mark.hardened(
    "A4",
    "a megabyte in any charset of the list",
    "64 KiB under 50 ms, all of it under a second; more than 64 KiB away from the loop",
)
def test_every_charset_is_known_and_takes_linear_time(codec):
    label = next(label for label, known in CODECS.items() if known == codec)
    for body in (b"\x80\x81\xff" * 350_000, b"\x1b$B0" * 250_000, b"a\xcc\x81" * 350_000, b"-" * 1_000_000):
        began = time.thread_time()
        decoded(body[: 64 * 1024], f"text/html; charset={label}")
        assert time.thread_time() - began < 0.05  # what is looked through in the loop
        decoded(body, f"text/html; charset={label}")
        assert time.thread_time() - began < 1


HOSTILE = [
    "punycode",
    "idna",
    "utf-7",
    "unicode_escape",
    "raw_unicode_escape",
    "hex",
    "zip",
    "undefined",
    "rot13",
    "mbcs",
    "\ud800",
]


@pytest.mark.hardened("A4", "charset=punycode and other codecs that are no charsets, 250 KB", "no more than 50 ms")
@pytest.mark.parametrize("label", HOSTILE)
@pytest.mark.parametrize(
    "body", [b"b" * 250_000, b"a" * 1000 + b"-" + b"b" * 250_000, b"<meta charset=punycode>" + b"b" * 250_000]
)
@pytest.mark.parametrize("wanted", [{"contains": "hello"}, {"not_contains": "hello"}, {"matches": "hello"}])
def test_what_is_no_charset_counts_as_not_said(label, body, wanted, saw):
    answer = Answer(200, {"content-type": f"text/html; charset={label}"}, body, "http://x/", timedelta(), {})
    began = time.thread_time()
    why = Expect(**wanted).fault(answer)
    held = time.thread_time() - began
    saw(f"{held * 1000:.0f} ms")
    assert held < 0.05
    assert bool(why) is ("not_contains" not in wanted)


@pytest.mark.parametrize(
    "start",
    [
        b"<meta " * 700,
        b"<!--" * 1000,
        b"charset" * 600,
        b"<meta charset=" + b" " * 4000,
        b"<meta " + b"a" * 4000,
        b"<?xml " + b"e" * 4000,
    ],
)
def test_looking_for_a_charset_takes_no_time(start):
    began = time.thread_time()
    decoded(start + b"\xff", "charset " * 10_000)
    assert time.thread_time() - began < 0.05


DEEP = '{"a":' * 100_000 + "1" + "}" * 100_000


@pytest.mark.hardened("A4", "JSON nested 100,000 deep, numbers of 10,000 digits", "inconclusive, no exception")
@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        (DEEP, Outcome.INCONCLUSIVE),
        ("[" * 300 + "]" * 300, Outcome.FAILED),
        ("[" * 100_000, Outcome.FAILED),
        ('{"a": ' + "9" * 10_000 + "}", Outcome.INCONCLUSIVE),
        ('{"a": NaN}', Outcome.OK),
        ('\ufeff{"a": 1}', Outcome.OK),
    ],
)
async def test_json_of_any_depth_is_no_exception(net, body, outcome):
    async with Site(page(body=body)) as site:
        reading = await HttpCheck(url=site.url(), expect={"json": "a"}).run("web", net, SOON, fresh=False)
    assert reading.outcome is outcome


@pytest.mark.hardened(
    "A4", "a page over 64 KiB, expressions over 4 KiB", "looked through away from the loop; too long: inconclusive"
)
@pytest.mark.parametrize(
    ("wanted", "size"), [({"contains": "x"}, 70_000), ({"matches": "x"}, 5_000), ({"json": "x"}, 5_000)]
)
async def test_long_pages_are_looked_through_elsewhere(net, monkeypatch, wanted, size):
    async def overran(*_args):
        raise OverranError

    async with Site(page(body="y" * size)) as site:
        check = HttpCheck(url=site.url(), expect=wanted)
        assert (await check.run("web", net, SOON, fresh=False)).outcome is Outcome.FAILED
        monkeypatch.setattr(expectations, "offload", overran)
        reading = await check.run("web", net, SOON, fresh=False)
    assert (reading.outcome, english(reading.why)) == (Outcome.INCONCLUSIVE, "its page takes too long to look through")


# ── 429 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def limited(wait=None, status=429):
    return page(status, "slow down", {"Retry-After": wait} if wait else {})


@pytest.mark.hardened("A1", "HTTP 429", "inconclusive, with how long to wait")
@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        (None, 0),
        ("7", 7),
        ("0", 0),
        ("999999999999", 900),
        ("9" * 5000, 0),
        ("soon", 0),
        ("   ", 0),
        ("NaN", 0),
        ("-5", 0),
        ("-999999999999", 0),
        ("1e9", 0),
        ("120, 120", 0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 900),
        ("Fri, 31 Dec 9999 23:59:59 -2359", None),
    ],
)
async def test_who_asks_for_less_is_not_down(net, wait, seconds):
    """A wait of 0: it does not say how long, so that each refusal doubles the wait before."""
    async with Site(limited(wait)) as site:
        reading = await HttpCheck(url=site.url(), expect={"contains": "X"}).run("web", net, SOON, fresh=False)
    assert (reading.outcome, english(reading.why)) == (Outcome.INCONCLUSIVE, "asks us to ask less often (HTTP 429)")
    assert seconds is None or reading.wait == timedelta(seconds=seconds)


async def test_a_date_says_how_long_too(net):
    async with Site(limited(format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True))) as site:
        reading = await HttpCheck(url=site.url()).run("web", net, SOON, fresh=False)
    assert timedelta(seconds=80) < reading.wait <= timedelta(seconds=90)


@pytest.mark.hardened("A1", "429 that is expected; 503 with Retry-After", "good; an outage")
@pytest.mark.parametrize(
    ("answer", "wanted", "outcome"),
    [
        (limited(), {"status": 429}, Outcome.OK),
        (limited(), {"status": [200, 429], "contains": "no such"}, Outcome.FAILED),
        (limited(), {"status": "200-499"}, Outcome.OK),
        (limited(), {"status": "200-499", "contains": "no such"}, Outcome.INCONCLUSIVE),
        (limited("7", 503), {}, Outcome.FAILED),
        (limited("7", 403), {}, Outcome.FAILED),
        (page(403, "", {"X-RateLimit-Remaining": "0"}), {}, Outcome.INCONCLUSIVE),
        (page(403, "", {"X-RateLimit-Remaining": "10"}), {}, Outcome.FAILED),
    ],
)
async def test_what_is_no_wish_for_less_stays_what_it_is(net, answer, wanted, outcome):
    async with Site(answer) as site:
        assert (await HttpCheck(url=site.url(), expect=wanted).run("web", net, SOON, fresh=False)).outcome is outcome


async def test_a_websocket_that_asks_for_less_is_not_down(net):
    async with Site(limited("7")) as site:
        check = WebsocketCheck(url=site.url().replace("http", "ws"))
        reading = await check.run("web", net, SOON, fresh=False)
    assert (reading.outcome, reading.wait) == (Outcome.INCONCLUSIVE, timedelta(seconds=7))


@pytest.mark.parametrize(
    "value", ["", "x", "9" * 400, "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 -2359", "\u0663"]
)
def test_no_retry_after_is_an_exception(value):
    wait = retry_after(value)
    assert wait is None or timedelta() <= wait <= timedelta(days=1)
