"""A text with structure: headings, tables and bars, without markup; and the look of an organisation's mails."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """Cells of text. The first of each row names it."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """The uptime of one service. `cells`: a letter for each slot, as `bot.model.bar` makes them; `alt` says the same."""

    name: str
    cells: str
    value: str
    before: str
    alt: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One heading and what stands below it, in this order."""

    heading: str
    lines: tuple[str, ...] = ()
    table: Table | None = None
    bar_head: tuple[str, ...] = ()
    bars: tuple[Bar, ...] = ()
    notes: tuple[str, ...] = ()  # in small letters below the table or the bars


@dataclass(frozen=True, slots=True)
class Attachment:
    """A text file: `kind` is "csv" or "calendar"."""

    name: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """The long form of a notice. `period` says which time it covers, with the zone."""

    period: str
    sections: tuple[Section, ...]
    name: str = ""  # of the digest, as its readers know it
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True)
class MailLook:
    """How mails look. `color` is "#rrggbb". `logo` is a picture of the type `logo_type` ("png"); empty: none."""

    organisation: str = ""
    color: str = "#1f4e79"
    footer: str = ""
    logo: bytes = b""
    logo_type: str = ""


PLAIN_LOOK = MailLook()
