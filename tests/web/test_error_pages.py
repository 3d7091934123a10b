"""What a person sees who took a wrong turn: a small page in the site's words, and for programs what they take."""

from __future__ import annotations

import asyncio
import json
import socket

import httpx
import pytest
from starlette.responses import Response
from starlette.routing import Route

from bot.model import Style
from bot.web.app import HEADERS, Server
from bot.web.http_server import Limits
from bot.web.rendering import ErrorPages, Form, wanted
from bot.wording.catalog import catalogs
from tests.web.pages import Stage, browsing
from tests.web.test_app import Read

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
PAGE, ANY = {"accept": BROWSER}, {"accept": "*/*"}


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (BROWSER, Form.PAGE),
        ("text/html", Form.PAGE),
        ("TEXT/HTML;charset=utf-8", Form.PAGE),
        ("application/json;q=0.5, text/html;q=0.9", Form.PAGE),
        ("application/xhtml+xml", Form.PAGE),
        ("*/*", Form.PLAIN),
        ("", Form.PLAIN),
        ("text/plain", Form.PLAIN),
        ("text/*;q=0.5", Form.PLAIN),
        ("application/json", Form.DATA),
        ("application/json, text/plain, */*", Form.DATA),
        ("application/problem+json", Form.DATA),
        ("text/html;q=0.1, application/json", Form.DATA),
        ("text/html;q=0, */*", Form.PLAIN),
        ("application/xml", Form.DATA),
        ("text/html;q=broken", Form.DATA),
        ("," * 5000, Form.DATA),
    ],
)
def test_a_client_gets_what_it_takes(accept, form):
    assert wanted(accept) is form


@pytest.mark.hardened("N-A14", "a wrong address in a browser, in curl, in a program", "a page, a line, JSON")
async def test_a_wrong_address_is_a_page_a_line_or_data(saw):
    async with browsing(Stage(), style=Style("es", "Europe/Madrid")) as web:
        page, line = await web.get("/nowhere", headers=PAGE), await web.get("/nowhere", headers=ANY)
        data = await web.get("/nowhere", headers={"accept": "application/json"})
    saw(f"{page.headers['content-type']}; {line.text.strip()}; {data.text}")
    assert {answer.status_code for answer in (page, line, data)} == {404}
    seen = Read(page.text)
    assert '<html lang="es">' in page.text
    assert "Aquí no hay ninguna página así" in seen.words
    assert "Example Daily status" in seen.words
    assert (seen.inline, "static/style.css" in seen.loads) == ([], True)
    assert line.text == "Aquí no hay ninguna página así.\n"
    assert json.loads(data.text) == {"status": 404, "detail": "Not Found"}
    for answer in (page, line, data):
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS


@pytest.mark.parametrize(("method", "path"), [("POST", "/"), ("DELETE", "/status.json"), ("PUT", "/service/x")])
async def test_a_wrong_method_is_a_page_and_names_the_right_ones(method, path):
    async with browsing(Stage()) as web:
        answer = await web.request(method, path, headers=PAGE)
    assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, {"GET", "HEAD"})
    assert "This page can't be used that way" in Read(answer.text).words


async def test_an_error_of_ours_is_a_page_and_names_nothing():
    async def broken(_request):
        raise ValueError("postgresql://ana:secret@db.inner")

    async with browsing(Stage(), doors=[Route("/broken", broken)]) as web:
        page, line = await web.get("/broken", headers=PAGE), await web.get("/broken", headers=ANY)
    assert (page.status_code, line.text) == (500, "Something went wrong here.\n")
    assert "Please try again in a minute." in Read(page.text).words
    assert "secret" not in page.text + line.text


@pytest.mark.parametrize("language", sorted(catalogs()))
@pytest.mark.parametrize("status", [400, 403, 404, 405, 408, 413, 429, 431, 500, 503])
def test_every_error_is_said_in_every_language(status, language):
    form, body = ErrorPages("Desk", Style(language)).drawn(status, BROWSER, "/a/b")
    words = Read(body.decode()).words
    assert form is Form.PAGE
    assert words[2][-1] != "."
    assert (f'lang="{language}"' in body.decode(), '../static/style.css"' in body.decode()) == (True, True)


@pytest.mark.parametrize("path", ["/" + "x/" * 5000, "//evil.example/x", "/%2e%2e/%2e%2e/", "/\u00e9"])
def test_an_odd_path_leads_only_to_our_own_pages(path):
    _, body = ErrorPages("Desk", Style()).drawn(404, BROWSER, path)
    assert len(body) < 4000
    assert "evil" not in body.decode()
    assert [place for place in Read(body.decode()).loads if place.startswith("//")] == []


# ── refused before the application sees it ───────────────────────────────────────────────────────────────────────────


async def reads_all(request):
    return Response(await request.body())


async def spoken(data, *, limits=None):
    """What the server answers to these bytes."""
    doors = [Route("/form", reads_all, methods=["POST"])]
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = Server(Stage().site(doors=doors), door, limits=limits)
        serving = asyncio.create_task(server.serve())
        reader, writer = await asyncio.open_connection(*door.getsockname())
        writer.write(data)
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        server.should_exit = True
        await serving
    return answer.decode()


@pytest.mark.hardened("N-A14", "a form too large, or too slow to arrive, in a browser", "a page that says so")
@pytest.mark.parametrize(
    ("length", "limits", "status", "said"),
    [
        (10_000_000, Limits(), "413 Request Entity Too Large", "That was too much to send"),
        (100, Limits(body_within=0.2), "408 Request Timeout", "That took too long to arrive"),
    ],
)
async def test_what_the_server_refuses_is_a_page_too(length, limits, status, said, saw):
    head = f"POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n"
    page = await spoken(f"{head}Accept: {BROWSER}\r\n\r\nservice=".encode(), limits=limits)
    saw(page.partition("\r\n")[0])
    assert page.startswith(f"HTTP/1.1 {status}\r\n")
    head_, _, body = page.partition("\r\n\r\n")
    assert said in Read(body).words
    assert f"content-length: {len(body.encode())}\r\n" in head_ + "\r\n"
    for name, value in HEADERS.items():
        assert f"{name.lower()}: {value}" in head_
    assert (await spoken(f"{head}\r\nservice=".encode(), limits=limits)).endswith(f"{said}.\n")


async def test_over_a_socket_an_error_page_is_whole():
    with socket.create_server(("127.0.0.1", 0)) as door:
        server = Server(Stage().site(), door)
        serving = asyncio.create_task(server.serve())
        async with httpx.AsyncClient(trust_env=False, verify=False) as web:
            answer = await web.get(f"http://127.0.0.1:{door.getsockname()[1]}/a/b/c?x=/y/z", headers=PAGE)
        assert (answer.status_code, '"../../static/style.css"' in answer.text) == (404, True)
        server.should_exit = True
        await serving
