"""What is sent, and what is refused before it is."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.net.request import prepare
from tests.fakes.site import Site


async def test_a_posted_body_arrives_with_its_length(net, get):
    async with Site() as site:
        await get(net, site.url("/hook?a=b"), "POST", headers={"Content-Type": "application/json"}, content=b'{"a": 1}')
    heard = site.heard[0]
    assert (heard.method, heard.target, heard.body) == ("POST", "/hook?a=b", b'{"a": 1}')
    assert heard.headers["content-type"] == "application/json"
    assert heard.headers["host"] == f"127.0.0.1:{site.port}"
    assert heard.headers["user-agent"].startswith("Tocsin/")
    assert heard.headers["accept-encoding"] == "identity"


async def test_a_user_in_the_url_becomes_a_header_and_leaves_the_url(net, get):
    async with Site() as site:
        seen = await get(net, f"http://me:p%40ss@127.0.0.1:{site.port}/x")
    assert site.heard[0].headers["authorization"] == "Basic bWU6cEBzcw=="
    assert seen.url == site.url("/x")


@pytest.mark.parametrize(
    ("method", "url", "headers"),
    [
        ("GET", "ftp://example.org/t0ken", None),
        ("GET", "file:///etc/passwd", None),
        ("GET", "example.org/t0ken", None),
        ("GET", "http:///t0ken", None),
        ("GET", "http://t0ken..example.org/", None),
        ("GET", f"http://{'a' * 64}.example.org/t0ken", None),
        ("GET", f"http://{'a.' * 130}org/t0ken", None),
        ("GET", "http://example.org:0/t0ken", None),
        ("GET", "http://example.org:65536/t0ken", None),
        ("GET", "http://example.org:t0ken/", None),
        ("GET", "http://exa mple.org/t0ken", None),
        ("GET", "http://example.org/\r\nX: t0ken", None),
        ("GE T", "http://example.org/t0ken", None),
        ("GET\r\n", "http://example.org/t0ken", None),
        ("GET", "http://example.org/", {"X": "a\r\nt0ken: b"}),
        ("GET", "http://example.org/", {"X\r\nY": "t0ken"}),
        ("GET", "http://example.org/", {"X": "t0ken \u20ac"}),
        ("GET", "http://example.org/", {"X": "t0ken\0"}),
    ],
)
async def test_what_cannot_be_asked_is_refused_without_repeating_it(net, method, url, headers):
    with pytest.raises(ValueError, match=r"^[a-zA-Z:/' 0-9]+$") as refused:
        net.prepare(method, url, headers)
    assert "t0ken" not in str(refused.value)
    assert refused.value.__cause__ is None


async def test_a_prepared_request_is_remembered_unless_it_has_a_body(net):
    headers = {"X-Key": "k"}
    assert net.prepare("GET", "http://example.org/", headers) is net.prepare(
        "GET", "http://example.org/", dict(headers)
    )
    assert net.prepare("POST", "http://example.org/", None, b"1") is not net.prepare(
        "POST", "http://example.org/", None, b"1"
    )
    assert "k" not in repr(net.prepare("GET", "http://u:k@h/?k=k", headers)).removeprefix("<GET h>")


def line_of(name, value):
    return name + b": " + value


@given(
    method=st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    url=st.sampled_from(["http://h/", "https://h:8443/p?q=1", "http://[::1]:80/x", "https://h.example./a%20b"]),
    headers=st.dictionaries(st.sampled_from(["Host", "Accept", "accept-encoding", "X-A", "Cookie"]), st.just("a b")),
    content=st.sampled_from([None, b"", b"abc"]),
)
def test_a_request_made_by_hand_is_what_the_client_would_send(method, url, headers, content):
    sent, _, body = prepare(method, url, headers, content).wire.partition(b"\r\n\r\n")
    standard = httpx.Headers({"Accept": "*/*", "Accept-Encoding": "identity"})
    standard.update(headers)
    theirs = httpx.Request(method, url, headers=standard, content=content)
    lines = {line_of(*each) for each in theirs.headers.raw if content is not None or each[0] != b"Content-Length"}
    ours = sent.split(b"\r\n")
    assert ours[0] == b"%s %s HTTP/1.1" % (method.encode(), theirs.url.raw_path)
    assert {line for line in ours[1:] if not line.startswith((b"Connection:", b"User-Agent:"))} == lines
    assert body == (content or b"")
