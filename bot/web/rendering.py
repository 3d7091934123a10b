"""Templates, the way from any page back to the first one, and text that no encoder or browser refuses.

What cannot be answered is a page for people, JSON or plain text for programs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import Response

from bot import __version__
from bot.model import Style, Text
from bot.wording.catalog import catalog
from bot.wording.text import stop
from bot.wording.web import error

HERE: Final = Path(__file__).parent
DEEPEST: Final = 8  # levels of an address; our own pages have three
TEMPLATES = Environment(
    loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
)
# Control characters other than tab and line feed, unpaired surrogates, and noncharacters.
BROKEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
LONGEST_ACCEPT = 1000  # characters of an Accept header that are read


def root_of(path: str) -> str:
    """The relative way from a page to the first one, which may lie below a path of a proxy: "../" of "/service/x"."""
    depth = path.count("/") - 1
    return "../" * depth if depth <= DEEPEST else "/"


def path_of(request: Request) -> str:
    """The path as it was sent, where an encoded slash separates nothing."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    return raw.partition(b"?")[0].decode("ascii", "replace")


def draw(template: str, *, title: str, style: Style, root: str, **facts: Any) -> str:
    """A whole page. `title`: the name of the site; `root`: see `root_of`."""
    drawn = TEMPLATES.get_template(template).render(
        site=title,
        language=style.language,
        say=catalog(style.language),
        root=root,
        home=root or "./",
        version=__version__,
        **facts,
    )
    return well_formed(drawn)


def well_formed(text: str) -> str:
    """Replace characters that cannot be shown with U+FFFD."""
    return BROKEN.sub("\ufffd", text)


def well_formed_tree(value: Any) -> Any:
    """Likewise for all strings of a JSON value."""
    match value:
        case str():
            return well_formed(value)
        case dict():
            return {well_formed(str(key)): well_formed_tree(part) for key, part in value.items()}
        case list() | tuple():
            return [well_formed_tree(part) for part in value]
        case _:
            return value


class Form(StrEnum):
    """The form of an answer, and its media type."""

    PAGE = "text/html; charset=utf-8"
    DATA = "application/json"
    PLAIN = "text/plain; charset=utf-8"


def wanted(accept: str) -> Form:
    """What a client takes: a page if it asks for HTML, as browsers do; plain text if it takes anything, as curl does;
    else JSON.
    """
    asked = dict(map(_weighed, accept[:LONGEST_ACCEPT].lower().split(",")))
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
