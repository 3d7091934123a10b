"""Mails of every kind, as their readers have them: for pictures, and for what is checked in a browser."""

from __future__ import annotations

import base64
import email
import email.policy
import re
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage

from bot import wording
from bot.channels.email.render import Letters
from bot.model import (
    Change,
    ChangeKind,
    Delivery,
    DeliveryAction,
    DeliverySummary,
    Destination,
    DigestOrder,
    Health,
    MailLook,
    Notice,
    Origin,
    Overview,
    Phase,
    Service,
    ServiceState,
    Style,
    Window,
)
from bot.notify import digest
from tests.wording.outages import ALL_CLEAR, DOWN, INVESTIGATING, REPORTS, X, at

SENDER, READER = Address("Tocsin", addr_spec="tocsin@example.org"), Destination("email", "ana@example.org")
LINK = "https://status.example.org/unsubscribe/dQ" + "x" * 60
LINKED = replace(
    X,
    site="https://status.example.org",
    status_page="https://status.x.example/",
    plan="Breaking news goes to Telegram @newsroom and to the site banner.",
)
SAYS = replace(INVESTIGATING, link="https://status.x.example/incidents/1", at=at(14, 21))
NAMES = ("Slack", "Cloudflare", "Our own site", "Newsroom CMS (articles, images and live blogs)", "Zoom", "GitHub")
NOW = at(18)
DAY, WEEK = timedelta(days=1), timedelta(days=7)


def _told(kind: ChangeKind, style: Style, when=NOW, **more) -> Notice:
    incident = replace(DOWN, reports=(ALL_CLEAR, REPORTS), confirmed_at=at(14, 1), **more)
    return wording.notice(Change(kind, when, incident), LINKED, style)


def down(style: Style) -> Notice:
    return _told(ChangeKind.CONFIRMED, style, at(14, 1))


def official(style: Style) -> Notice:
    more = {"reports": (SAYS, REPORTS), "official_at": at(14, 21), "official_last": SAYS, "steps": 3}
    incident = replace(DOWN, confirmed_at=at(14, 1), **more)
    return wording.notice(Change(ChangeKind.OFFICIAL, at(14, 21), incident), LINKED, style)


def restored(style: Style) -> Notice:
    return _told(ChangeKind.RESTORED, style, at(14, 51), until=at(14, 50), steps=3)


def correction(style: Style) -> Notice:
    return _told(ChangeKind.RETRACTED, style, at(15), until=at(14, 50), steps=3, retracted=True)


def maintenance(style: Style) -> Notice:
    window = Window("k", ("x",), at(22), at(23, 30), Origin.FILE, at(1), "New disks.", number=3, steps=1)
    return wording.maintenance(window, Phase.PLANNED, (LINKED,), style, at(14), site=LINKED.site)


def _services(count: int) -> tuple[Service, ...]:
    named = [NAMES[n] if n < len(NAMES) else f"Service {n + 1}" for n in range(count)]
    return (LINKED, *(Service(f"s{n}", name, ("web",)) for n, name in enumerate(named[1:])))


def _overview(services: int, outages: int, every: timedelta, *, now_down: bool = False) -> Overview:
    shown = _services(services)
    recent, states = [], {one.id: ServiceState(one.id, up_since=NOW - 30 * DAY) for one in shown}
    for n in range(outages):
        begun, one = NOW - every * (n + 1) - timedelta(hours=1), shown[(n * n) % (services // 3 + 1)]
        length = timedelta(minutes=3 + (n * 37) % 110)
        partly = {"health": Health.DEGRADED, "worst": Health.DEGRADED} if n % 4 == 3 else {}
        said = {"official_at": begun + timedelta(minutes=21), "official_last": SAYS} if n % 3 == 1 else {}
        when = {"since": begun, "until": begun + length, "confirmed_at": begun + timedelta(minutes=1)}
        recent.append(replace(DOWN, service=one.id, number=n + 1, **when, **partly, **said))
    if now_down:
        last = replace(DOWN, service="x", number=99, since=NOW - timedelta(minutes=40), confirmed_at=NOW - DAY / 36)
        recent.insert(0, last)
        states["x"] = ServiceState("x", incident=last)
    window = Window("m1", ("s1",), NOW + DAY, NOW + DAY + timedelta(hours=2), Origin.FILE, NOW, note="New servers")
    windows = (window,) if outages else ()
    return Overview(NOW, tuple((one, states[one.id]) for one in shown), recent=tuple(recent), windows=windows)


def _digest(overview: Overview, length: timedelta, title: str, style: Style, log=None) -> Notice:
    period, order = digest.Period(NOW - length, NOW), DigestOrder("comms", title)
    made = digest.notices(order, overview, period, style, log or DeliverySummary(), by_mail=True)
    return replace(made.full, unsubscribe=LINK)


def quiet(style: Style) -> Notice:
    return _digest(_overview(6, 0, DAY), DAY, "Morning brief", style)


def busy(style: Style) -> Notice:
    told = {"x#99": {"slack": 2, "email": 12}}
    log = DeliverySummary(told=told, sent=212, refused={("desk", "telegram"): 3}, fallbacks={("desk", "email"): 2})
    return _digest(_overview(40, 18, timedelta(hours=1.2), now_down=True), DAY, "Morning brief", style, log)


def weekly(style: Style) -> Notice:
    return _digest(_overview(40, 90, timedelta(hours=1.8)), WEEK, "Week of the desk", style)


MAILS: dict[str, Callable[[Style], Notice]] = {
    "down": down,
    "official": official,
    "restored": restored,
    "correction": correction,
    "maintenance": maintenance,
    "digest-quiet": quiet,
    "digest-busy": busy,
    "digest-weekly": weekly,
}


def logo() -> bytes:
    """A PNG of a disc, 56 pixels wide."""
    size, rows = 56, b""
    for y in range(size):
        row = b"".join(
            b"\x7a\x1f\x3d\xff" if (x - 27.5) ** 2 + (y - 27.5) ** 2 < 27**2 else bytes(4) for x in range(size)
        )
        rows += b"\0" + row

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data))

    head = struct.pack("!IIBBBBB", size, size, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


LOOK = MailLook("The Example Herald", "#7a1f3d", "Communications desk, ext. 12", logo(), "png")


def written(name: str, style: Style, look: MailLook = LOOK) -> EmailMessage:
    notice = MAILS[name](style)
    delivery = Delivery(f"{notice.key}@{READER}", READER, DeliveryAction.POST, notice, "comms")
    mail = Letters(SENDER, look).write(delivery, Address("", addr_spec=READER.place))
    return email.message_from_bytes(mail.content, policy=email.policy.default)


def html(mail: EmailMessage, *, pictures: bool = True) -> str:
    """The page as a mail program shows it, with its pictures in it, or with none."""
    page = mail.get_body(("html",)).get_content()
    shown = {}
    for part in mail.walk():
        if name := part["Content-ID"]:
            kind, data = part.get_content_type(), base64.b64encode(part.get_content()).decode()
            shown[name.strip("<>")] = f"data:{kind};base64,{data}"
    return re.sub(r'"cid:(\w+)"', lambda found: f'"{shown[found[1]] if pictures else "/none/" + found[1]}"', page)
