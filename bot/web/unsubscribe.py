"""The pages behind links in mails: /confirm/TOKEN and /unsubscribe/TOKEN. Looking at one changes nothing, for mail
scanners follow every link; its button does, and so does a mail program's own POST (RFC 8058).

A link that is forged, used or too old, or of a reader who is no more, gets one answer, which tells nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.incidents.recorder import Recorder
from bot.model import DigestReader, DigestReaderState, Style
from bot.model.links import LinkPurpose
from bot.web.connections import BodyFault, read_body
from bot.web.rendering import draw, path_of, root_of
from bot.wording import digest_lists
from bot.wording.digest_lists import LinkPage

BODY: Final = 4096  # bytes: one field, also in the form with boundaries
FIELD: Final = "do"
# Whoever has the address may unsubscribe: it must not leave this page, or stay in a cache.
OWN: Final = {"Referrer-Policy": "no-referrer", "Cache-Control": "no-store", "X-Robots-Tag": "noindex"}


@dataclass(frozen=True)
class DigestLinks:
    """Answers for the readers of digests."""

    recorder: Recorder
    title: str
    style: Style
    clock: Callable[[], datetime]

    async def confirm(self, request: Request) -> Response:
        readers, now = self.recorder.places.digests, self.clock()
        reader = await readers.reader(_token(request), LinkPurpose.CONFIRM, now)
        if reader is None or not self._there_is(reader):
            return self._nothing(request)
        if request.method != "POST":
            return self._page(request, reader, digest_lists.confirm_page)
        if await _body(request) is None or not await readers.confirm(reader, now):
            return self._nothing(request)
        return self._page(request, reader, digest_lists.confirmed_page)

    async def unsubscribe(self, request: Request) -> Response:
        readers, now = self.recorder.places.digests, self.clock()
        reader = await readers.reader(_token(request), LinkPurpose.UNSUBSCRIBE, now)
        if reader is None or not self._there_is(reader):
            return self._nothing(request)
        gone = reader.state is DigestReaderState.LEFT
        if request.method != "POST":
            return self._page(request, reader, digest_lists.left_page if gone else digest_lists.leave_page)
        # Anything but our own page's other button is a wish to leave, however a mail program writes it.
        if await _body(request) == "back":
            await readers.come_back(reader, now)
            return self._page(request, reader, digest_lists.back_page)
        await readers.leave(reader, now)
        return self._page(request, reader, digest_lists.left_page)

    def _there_is(self, reader: DigestReader) -> bool:
        """False for a reader of a digest that the config no longer has."""
        return reader.digest in self.recorder.settings.digests

    def _page(self, request: Request, reader: DigestReader, page: Callable[[str, Style], LinkPage]) -> Response:
        digest, places = self.recorder.settings.digests[reader.digest], self.recorder.places
        style = digest.style(reader.destination, places.of(reader.destination), self.style)
        return self._drawn(request, page(digest.name, style), style, HTTPStatus.OK)

    def _nothing(self, request: Request) -> Response:
        return self._drawn(request, digest_lists.no_link_page(self.style), self.style, HTTPStatus.NOT_FOUND)

    def _drawn(self, request: Request, page: LinkPage, style: Style, status: int) -> Response:
        # Drawn anew each time, in well under a millisecond; a forged link costs no more.
        facts = {"said": page.words, "button": page.button, "does": page.does, "field": FIELD}
        text = draw("link.html", title=self.title, style=style, root=root_of(path_of(request)), **facts)
        return HTMLResponse(text, status, headers=OWN | {"Content-Security-Policy": POLICY})


POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)


def hear(app: Starlette, links: DigestLinks) -> None:
    """Add the routes."""
    for path, answer in (("confirm", links.confirm), ("unsubscribe", links.unsubscribe)):
        for spelled in (f"/{path}/{{token}}", f"/{path}/{{token}}/"):
            app.add_route(spelled, answer, methods=["GET", "HEAD", "POST"])


def _token(request: Request) -> str:
    return str(request.path_params["token"])


async def _body(request: Request) -> str | None:
    """What the form says is to be done; empty for a form without it, None for one that could not be read."""
    body = await read_body(request, BODY)
    if isinstance(body, BodyFault):
        return None
    try:
        return parse_qs(body.decode(errors="replace"), max_num_fields=10).get(FIELD, [""])[0]
    except ValueError:
        return ""
