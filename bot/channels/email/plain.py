"""Mails as plain text: 72 columns, the same facts in the same order as on the page.

Paragraphs are flowed (RFC 3676): a line that ends in a space goes on in the next one, so that phones wrap them as they
need and other programs show 72 columns.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from unicodedata import east_asian_width

from bot.channels.email.page import Foot, parts, title
from bot.model import MailLook, Notice, Section, Table

WIDTH = 72
LEAST = 16  # columns of a name
STUFFED = (" ", ">", "From ")  # how a line may not begin


def text(notice: Notice, look: MailLook, stamp: str, foot: Sequence[Foot]) -> str:
    """The whole text part."""
    return above(notice, look, stamp) + footer(foot)


def above(notice: Notice, look: MailLook, stamp: str) -> str:
    """The text above its footer, the same for all readers."""
    own = [*flowed(look.organisation), ""] if look.organisation else [""]
    return "\n".join((*_body(notice, stamp), "", "-- ", *own))


def footer(foot: Sequence[Foot]) -> str:
    return "".join(
        f"{part}\n" for line in foot for part in flowed(f"{line.text} {line.shown}" if line.url else line.text)
    )


def _body(notice: Notice, stamp: str) -> Iterator[str]:
    yield from flowed(title(notice))
    yield from flowed(stamp)
    for section in notice.document.sections if notice.document else ():
        yield from _section(section)
    for part in () if notice.document else parts(notice):
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


def _section(section: Section) -> Iterator[str]:
    if section.heading:
        yield from ("", "", section.heading)
    for line in section.lines:
        yield ""
        yield from flowed(line)
    if section.table:
        yield from _table(section.table)
    if section.bars:
        yield ""
        yield from _bars(section)
    for line in section.notes:
        yield ""
        yield from flowed(line)


def _table(table: Table) -> Iterator[str]:
    """Columns, and below each row what stands in the last one, which needs more room."""
    rows = [row[:-1] for row in (table.head, *table.rows)]
    details = ("", *(row[-1] for row in table.rows))
    for line, detail in zip(_columns(rows), details, strict=True):
        yield ""
        yield line
        yield from flowed(detail) if detail else ()


def _bars(section: Section) -> Iterator[str]:
    """Columns: the name, the uptime, and the one before; below it what the bar shows."""
    rows = [section.bar_head, *((bar.name, bar.value, bar.before) for bar in section.bars)]
    details = ("", *(bar.alt for bar in section.bars))
    for line, detail in zip(_columns(rows), details, strict=True):
        yield ""
        yield line
        yield from flowed(detail) if detail else ()


def _columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Each row in one line: the names on the left, cut if need be, and the figures on the right."""
    widths = [max(_wide(row[at]) for row in rows) for at in range(1, len(rows[0]))]
    room = min(max(_wide(row[0]) for row in rows), max(WIDTH - sum(widths) - 2 * len(widths), LEAST))
    for name, *figures in rows:
        shown = name if _wide(name) <= room else f"{_cut(name, room - 1)}…"
        cells = (_right(figure, width) for figure, width in zip(figures, widths, strict=True))
        yield _stuffed("  ".join((_left(shown, room), *cells)))


def _cut(text: str, width: int) -> str:
    while _wide(text) > width:
        text = text[:-1]
    return text


def _wide(text: str) -> int:
    """Columns that a text takes: letters of East Asia take two."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _left(text: str, width: int) -> str:
    return text + " " * (width - _wide(text))


def _right(text: str, width: int) -> str:
    return " " * (width - _wide(text)) + text


def flowed(line: str, width: int = WIDTH) -> list[str]:
    """A paragraph in lines that end in a space, except the last one. An address is never broken."""
    made = textwrap.wrap(line, width - 1, break_long_words=False, break_on_hyphens=False) or [""]
    return [_stuffed(part) + (" " if part is not made[-1] else "") for part in made]


def _stuffed(line: str) -> str:
    return f" {line}" if line.startswith(STUFFED) else line
