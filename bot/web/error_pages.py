"""Answers to what cannot be answered: a page for people, JSON or plain text for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from bot.model import Style, Text
from bot.web.rendering import draw, path_of, root_of
from bot.wording.text import stop
from bot.wording.web import error

LONGEST = 1000  # characters of an Accept header that are read


class Form(StrEnum):
    """The form of an answer, and its media type."""

    PAGE = "text/html; charset=utf-8"
    DATA = "application/json"
    PLAIN = "text/plain; charset=utf-8"


def wanted(accept: str) -> Form:
    """What a client takes: a page if it asks for HTML, as browsers do; plain text if it takes anything, as curl does;
    else JSON.
    """
    asked = dict(map(_weighed, accept[:LONGEST].lower().split(",")))
    page = max(asked.get("text/html", 0.0), asked.get("application/xhtml+xml", 0.0))
    data = max((weight for kind, weight in asked.items() if _is_json(kind)), default=0.0)
    if page and page >= data:
        return Form.PAGE
    if data:
        return Form.DATA
    open_ = not accept.strip() or any(asked.get(kind, 0.0) for kind in ("*/*", "text/*", "text/plain"))
    return Form.PLAIN if open_ else Form.DATA


def _is_json(kind: str) -> bool:
    return kind in {"application/json", "application/*"} or kind.endswith("+json")


def _weighed(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip() for piece in part.split(";"))
    weight = next((piece[2:] for piece in parameters if piece.startswith("q=")), "1")
    try:
        return kind, min(max(float(weight), 0.0), 1.0)
    except ValueError:
        return kind, 0.0


@dataclass(frozen=True, slots=True)
class ErrorPages:
    """The errors of one site, in its language and look."""

    title: str
    style: Style

    def answer(self, request: Request, status: int, said: Text | None = None) -> Response:
        """`said`: what to say; None: what the status says of itself."""
        form, body = self.drawn(status, request.headers.get("accept", ""), path_of(request), said)
        return Response(body, status, media_type=form.value)

    def drawn(self, status: int, accept: str, path: str, said: Text | None = None) -> tuple[Form, bytes]:
        """The form and body of an answer to a request with this Accept header and path."""
        form, words = wanted(accept), said or error(status, self.style)
        if form is Form.PAGE:
            text = draw("error.html", title=self.title, style=self.style, root=root_of(path), said=words)
        elif form is Form.DATA:
            text = json.dumps({"status": int(status), "detail": HTTPStatus(status).phrase})
        else:
            text = f"{stop(words.title)}\n"
        return form, text.encode()

    def raw(self, headers: Mapping[str, str], status: int, accept: str, path: str) -> bytes:
        """A whole answer, as the server sends it where no application runs; the connection is closed after it."""
        form, body = self.drawn(status, accept, path)
        own = {"Content-Type": form.value, "Content-Length": str(len(body)), "Connection": "close"}
        lines = (f"{name.lower()}: {value}\r\n" for name, value in (own | dict(headers)).items())
        return f"HTTP/1.1 {int(status)} {HTTPStatus(status).phrase}\r\n{''.join(lines)}\r\n".encode() + body
