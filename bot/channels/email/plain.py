"""Mails as plain text: 72 columns, the same facts in the same order as on the page.

Paragraphs are flowed (RFC 3676): a line that ends in a space goes on in the next one, so that phones wrap them as they
need and other programs show 72 columns.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from bot.channels.email.page import Foot, parts
from bot.model import MailLook, Notice

WIDTH = 72
STUFFED = (" ", ">", "From ")  # how a line may not begin


def text(notice: Notice, look: MailLook, stamp: str, foot: Sequence[Foot]) -> str:
    """The whole text part."""
    body = "\n".join(_body(notice, stamp))
    below = "\n".join(_foot(look, foot))
    return f"{body}\n\n-- \n{below}\n"


def _body(notice: Notice, stamp: str) -> Iterator[str]:
    yield from flowed(notice.words.title)
    yield from flowed(stamp)
    for part in parts(notice):
        yield ""
        if part.kind == "quote":
            whole = f"{part.text} {part.url}".rstrip()
            yield from (f"> {line}" for line in flowed(whole, WIDTH - 2))
        else:
            yield from flowed(part.text)
    for link in notice.links:
        yield ""
        yield f"{link.label}:"
        yield link.url


def _foot(look: MailLook, foot: Sequence[Foot]) -> Iterator[str]:
    if look.organisation:
        yield from flowed(look.organisation)
    for line in foot:
        yield from flowed(f"{line.text} {line.shown}" if line.url else line.text)


def flowed(line: str, width: int = WIDTH) -> list[str]:
    """A paragraph in lines that end in a space, except the last one. An address is never broken."""
    made = textwrap.wrap(line, width - 1, break_long_words=False, break_on_hyphens=False) or [""]
    return [_stuffed(part) + (" " if part is not made[-1] else "") for part in made]


def _stuffed(line: str) -> str:
    return f" {line}" if line.startswith(STUFFED) else line
