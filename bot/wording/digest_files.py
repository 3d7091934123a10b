"""Files that a digest may carry: what happened as CSV, what is planned as a calendar."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import datetime

from bot.model import Attachment, DigestFacts, Service, Window
from bot.wording.text import clean
from bot.wording.titles import began, name_of

FOLD = 73  # octets of a calendar's line, so that none is longer than 75 with the space before it
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that a spreadsheet would calculate


def attachments(known: DigestFacts) -> tuple[Attachment, ...]:
    """Those that are wished for. Times are in UTC, as programs read them."""
    made = []
    day = f"{known.period[1]:%Y-%m-%d}"
    if "csv" in known.order.attach:
        made.append(Attachment(f"outages-{day}.csv", "csv", outages_csv(known)))
        made.append(Attachment(f"uptime-{day}.csv", "csv", uptime_csv(known)))
    if "ics" in known.order.attach and known.planned:
        made.append(Attachment(f"planned-{day}.ics", "calendar", calendar(known)))
    return tuple(made)


def outages_csv(known: DigestFacts) -> str:
    rows = [["incident", "service", "name", "health", "start", "end", "seconds", "confirmed", "official"]]
    for one in known.outages:
        incident = one.incident
        health = max(incident.worst, incident.health).name.lower()
        points = (began(incident), incident.until)
        rows.append(
            [
                incident.id,
                one.service.id,
                name_of(one.service),
                health,
                *map(_iso, points),
                str(round(one.length.total_seconds())),
                _iso(incident.confirmed_at),
                _iso(incident.official_at),
            ]
        )
    return _csv(rows)


def uptime_csv(known: DigestFacts) -> str:
    rows = [["service", "name", "since", "until", "uptime", "before"]]
    for one in known.figures:
        shares = ("" if share is None else f"{share:.6f}" for share in (one.seen.share, one.before.share))
        rows.append([one.service.id, name_of(one.service), *map(_iso, known.period), *shares])
    return _csv(rows)


def calendar(known: DigestFacts) -> str:
    """Planned work as iCalendar (RFC 5545)."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Tocsin//EN", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"]
    for window, services in known.planned:
        lines += _event(window, services, known.period[1])
    return "".join(f"{part}\r\n" for line in (*lines, "END:VCALENDAR") for part in _folded(line))


def _event(window: Window, services: tuple[Service, ...], now: datetime) -> list[str]:
    names = ", ".join(clean(name_of(s), 60) for s in services[:5]) or "*"
    end = [f"DTEND:{_stamp(window.until)}"] if window.until else []
    note = [f"DESCRIPTION:{_escaped(clean(window.note))}"] if window.note else []
    return [
        "BEGIN:VEVENT",
        f"UID:{_escaped(clean(window.key, 100))}@tocsin",
        f"DTSTAMP:{_stamp(now)}",
        f"DTSTART:{_stamp(window.since)}",
        *end,
        f"SEQUENCE:{window.steps}",
        f"STATUS:{'CONFIRMED' if window.until else 'TENTATIVE'}",
        f"SUMMARY:{_escaped(names)}",
        *note,
        "END:VEVENT",
    ]


def _csv(rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([[_safe(cell) for cell in row] for row in rows])
    return out.getvalue()


def _safe(cell: str) -> str:
    """No formula for a spreadsheet, whatever a name begins with."""
    return f"'{cell}" if cell.startswith(FORMULA) else cell


def _iso(at: datetime | None) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%SZ}" if at else ""


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%SZ}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").replace("\n", "\\n")


def _folded(line: str) -> Iterator[str]:
    """Lines of at most 75 octets, cut between characters."""
    part = b""
    first = True
    for char in line:
        more = char.encode()
        if len(part) + len(more) > FOLD:
            yield part.decode() if first else f" {part.decode()}"
            part, first = b"", False
        part += more
    yield part.decode() if first else f" {part.decode()}"
