"""Notices as mails: their headers, their body, which is the same for all readers, and what differs.

Headers say that a machine wrote it, which list it belongs to, and how to leave that (RFC 2369, 2919, 8058).
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from binascii import b2a_qp
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.contentmanager import ContentManager
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP, SMTPUTF8, Policy
from email.utils import format_datetime
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from bot.channels.email import page, plain
from bot.channels.email.smtp import Mail
from bot.model import PLAIN_LOOK, Delivery, MailLook, Notice
from bot.model.digests import THREAD
from bot.offload.pool import OverranError, offload
from bot.wording import mail as words

SMALL: Final = 12  # rows and bars of a document that are drawn in a few milliseconds
KEPT: Final = 8  # bodies, ...
KEPT_BYTES: Final = 8 * 1024 * 1024  # ... and their size: one digest in many languages and zones
SECONDS: Final = 20.0  # for one body
FOOTER = "=@footer@"  # no line of quoted-printable or base64 looks like this
_NO_PARAMS: Mapping[str, str] = {}


class Letters:
    """Writes the mails of one sender. What they have in common is made once for all readers."""

    def __init__(self, sender: Address, look: MailLook = PLAIN_LOOK, *, dkim: bool = True) -> None:
        self.sender = sender
        self.dkim = dkim
        self.look = look
        self._bodies: OrderedDict[tuple[Notice, str], Body] = OrderedDict()
        self._lines = Lines()
        self._making = asyncio.Lock()

    def write(self, delivery: Delivery, to: Address) -> Mail:
        """Write a mail. Raise ValueError if something cannot be put in one."""
        key = self._key(delivery.notice)
        made = self._bodies.get(key) or self._keep(key, body(key[0], self.look, key[1]))
        utf8 = not (to.addr_spec.isascii() and self.sender.addr_spec.isascii())
        domain = short(self.sender.domain)
        number = message_id(delivery, domain)
        head = b"".join(
            self._lines.line(name, value, utf8=utf8) for name, value in self._fields(delivery, to, domain, number)
        )
        content = head + made.whole(*_footers(self._foot(delivery)))
        return Mail(self.sender.addr_spec, to.addr_spec, content, number, utf8)

    async def prepare(self, notice: Notice) -> None:
        """Make what its readers have in common, in another process if it is large: that would hold up the checks. Raise
        ValueError if something cannot be put in a mail.
        """
        if notice.document is None:
            return
        key = self._key(notice)
        if key in self._bodies:
            return
        async with self._making:
            if key not in self._bodies:
                self._keep(key, await _made(*key, self.look))

    def _key(self, notice: Notice) -> tuple[Notice, str]:
        """All that a body depends on."""
        alike = replace(notice, key="", thread="", unsubscribe="", root=None)
        return alike, words.stamp(notice, datetime.now(UTC))

    def _keep(self, key: tuple[Notice, str], made: Body) -> Body:
        self._bodies[key] = made
        while len(self._bodies) > KEPT or sum(one.size for one in self._bodies.values()) > KEPT_BYTES:
            self._bodies.popitem(last=False)
        return made

    def _fields(self, delivery: Delivery, to: Address, domain: str, number: str) -> Iterator[tuple[str, Value]]:
        """The headers. `number`: the Message-ID."""
        notice = delivery.notice
        thread = thread_id(notice.thread, domain)
        yield "From", self.sender
        yield "To", to
        # A subject of its own, for lock screens; References keep the thread together.
        yield "Subject", " ".join(notice.words.title.split())
        yield "Date", datetime.now(UTC)
        yield "Message-ID", number
        yield "In-Reply-To", delivery.root or thread
        yield "References", f"{thread} {delivery.root}" if delivery.root else thread
        yield from fields(delivery, self.sender, domain, dkim=self.dkim)

    def _foot(self, delivery: Delivery) -> tuple[page.Foot, ...]:
        """The organisation's own line, why the mail came, how to stop it, and its number."""
        notice, address = delivery.notice, self.sender.addr_spec
        own = (page.Foot(self.look.footer),) if self.look.footer else ()
        way_out = page.Foot(words.way_out(notice, by_mail=True), f"mailto:{quote(address, safe='@')}", address)
        if notice.unsubscribe:
            text, link = words.way_out(notice, by_mail=False), notice.unsubscribe
            way_out = page.Foot(text, link, link, words.unsubscribe(notice))
        return (
            *own,
            page.Foot(words.reason_for(delivery)),
            way_out,
            *(() if notice.document else (page.Foot(words.reference(notice)),)),
        )


@lru_cache(maxsize=64)  # the same for all readers of one audience, unless they have links of their own
def _footers(foot: tuple[page.Foot, ...]) -> tuple[bytes, bytes]:
    """As text and as a page."""
    return lines(plain.footer(foot)), lines(page.footer(foot))


async def _made(notice: Notice, stamp: str, look: MailLook) -> Body:
    """A body, in another process if it is large, and if there is one."""
    sections = notice.document.sections if notice.document else ()
    if sum(len(s.bars) + (len(s.table.rows) if s.table else 0) for s in sections) > SMALL:
        with suppress(OverranError):
            return await offload(body, notice, look, stamp, seconds=SECONDS, key="mail")
    return await asyncio.to_thread(body, notice, look, stamp)


def message_id(delivery: Delivery, domain: str) -> str:
    """The Message-ID: the same in every attempt, as many mailboxes drop a second mail with the same id.

    Each recipient gets another one, as Gmail defers mails to many under one id. The time tells a new x#17 from the one
    of a lost database.
    """
    at = delivery.notice.at
    return f"<{hashed(f'{delivery.key} {at.timestamp():.0f}' if at else delivery.key)}@{domain}>"


def thread_id(thread: str, domain: str) -> str:
    """The id of a mail that was never sent: references to it make one thread even if the first mail was lost."""
    return f"<{slug(thread)}@{domain}>"


def short(domain: str) -> str:
    """As much of a domain as keeps "In-Reply-To: <id>" on one line of 78 characters.

    The standard library writes a longer line as an encoded word, which no mail program takes for an id.
    """
    while len(domain) > 36 and "." in domain:
        domain = domain.partition(".")[2]
    return domain


@dataclass(frozen=True, slots=True)
class Body:
    """Bytes, from the headers of the content on; the footers stand between the three, as text and as a page."""

    above: bytes
    between: bytes
    below: bytes

    def whole(self, text: bytes, html: bytes) -> bytes:
        """With its footers, each as `lines`."""
        return b"".join((self.above, text, self.between, html, self.below))

    @property
    def size(self) -> int:
        return len(self.above) + len(self.between) + len(self.below)


def body(notice: Notice, look: MailLook, stamp: str) -> Body:
    """Write the text and the page, with the pictures that stand in it and the files. Raise ValueError if something cannot
    be put in a mail.
    """
    mail = EmailMessage(policy=POLICY)
    mail.set_content((plain.above(notice, look, stamp), ""), "plain", {"format": "flowed"}, content_manager=_PARTS)
    mail.add_alternative(page.pieces(notice, look, stamp), "html", content_manager=_PARTS)
    html = mail.get_payload()[1]  # type: ignore[index]  # a list, since there are two parts
    for name, (content, kind) in _pictures(notice, look).items():
        html.add_related(content, "image", kind, cid=f"<{name}>", disposition="inline")  # type: ignore[union-attr]
    for file in notice.document.attachments if notice.document else ():
        mail.add_attachment(file.text, subtype=file.kind, filename=file.name, cte="quoted-printable")
    above, between, below = mail.as_bytes().split(f"{FOOTER}\r\n".encode())
    return Body(above, between, below)


def _pictures(notice: Notice, look: MailLook) -> dict[str, tuple[bytes, str]]:
    """What stands in the page, by the name it has there: the picture and its kind."""
    logo = {page.LOGO: (look.logo, look.logo_type)} if look.logo else {}
    return logo | {name: (page.picture(cells), "png") for cells, name in page.pictures(notice).items()}


def _set_pieces(part: MIMEPart, pieces: tuple[str, str], subtype: str, params: Mapping[str, str] = _NO_PARAMS) -> None:
    """A text part with a place for a footer."""
    more = "".join(f'; {name}="{value}"' for name, value in params.items())
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"{more}'
    part["Content-Transfer-Encoding"] = "quoted-printable"
    above, below = map(_encoded, pieces)
    part.set_payload(f"{above}{FOOTER}\n{below}")


def _encoded(text: str) -> str:
    """Quoted-printable: readable as it is, and no relay needs 8BITMIME. The library encodes character by character, which
    for a page takes longer than all the rest of a mail.
    """
    return b2a_qp(text.encode(), istext=True).decode("ascii")


def lines(text: str) -> bytes:
    """Encoded whole lines, as they stand in a mail."""
    ended = text if text.endswith("\n") else f"{text}\n"
    return _encoded(ended).replace("\n", "\r\n").encode()


_PARTS = ContentManager()
_PARTS.add_set_handler(tuple, _set_pieces)


class UriList(UnstructuredHeader):
    """Addresses in angle brackets. The library would write a long one as an encoded word, which is none any more."""

    def fold(self, *, policy: Policy) -> str:
        uris = str(self).split(", ")
        name = self.name  # type: ignore[attr-defined]  # the registry makes a header of it
        return f"{name}: " + f",{policy.linesep} ".join(uris) + policy.linesep


class Registry(HeaderRegistry):
    """Makes the class of a header once: the library makes it anew for each line of each mail."""

    def __init__(self) -> None:
        super().__init__()
        self._made: dict[str, type] = {}

    def __getitem__(self, name: str) -> type:
        made = self._made.get(name)
        if made is None:
            made = self._made[name] = super().__getitem__(name)
        return made


def _registry() -> HeaderRegistry:
    made = Registry()
    made.map_to_type("list-unsubscribe", UriList)  # type: ignore[arg-type]  # likewise
    return made


POLICY = SMTP.clone(header_factory=_registry())  # rejects line breaks in headers
WIDTH = 80  # with the line end
HEADERS_KEPT = 256
Value = str | Address | datetime

_ID = re.compile(r"<[A-Za-z0-9._-]+(@[A-Za-z0-9.-]+)?>")
# What differs from mail to mail, and the simple values that are written as they are: the library takes longer for these
# headers than for all the rest.
OF_ONE_MAIL = {
    "To": re.compile(r"[A-Za-z0-9_+-]+(\.[A-Za-z0-9_+-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+"),
    "Date": re.compile(r"[A-Za-z0-9:, +-]+"),
    "Message-ID": _ID,
    "List-Id": _ID,
    "List-Unsubscribe": re.compile(r"<[\x21-\x7e]+>"),
}


class Lines:
    """Headers as the lines of a mail. What many mails have in common is folded once."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str, bool], bytes] = OrderedDict()

    def line(self, name: str, value: Value, *, utf8: bool) -> bytes:
        """One header with its line end. Raise ValueError if it has a line break."""
        text = format_datetime(value) if isinstance(value, datetime) else str(value)
        if name in OF_ONE_MAIL:
            line = f"{name}: {text}\r\n".encode(errors="replace")
            return line if OF_ONE_MAIL[name].fullmatch(text) and len(line) <= WIDTH else _folded(name, value, utf8=utf8)
        key = name, text, utf8
        if key not in self._known:
            self._known[key] = _folded(name, value, utf8=utf8)
            if len(self._known) > HEADERS_KEPT:
                self._known.popitem(last=False)
        return self._known[key]


def _folded(name: str, value: Value, *, utf8: bool) -> bytes:
    _, made = POLICY.header_store_parse(name, value)
    return (SMTPUTF8 if utf8 else POLICY).fold_binary(name, made)


def fields(delivery: Delivery, sender: Address, domain: str, *, dkim: bool) -> Iterator[tuple[str, str]]:
    """The headers of a machine's mail to a list. `domain`: of its ids; `dkim`: the relay signs our mails."""
    yield "Auto-Submitted", "auto-generated"
    yield "X-Auto-Response-Suppress", "All"  # against Exchange's out-of-office replies
    if not delivery.audience:
        return
    yield "List-Id", f"<{slug(delivery.audience)}.{domain}>"
    yield "List-Unsubscribe", ", ".join(f"<{uri}>" for uri in ways_out(delivery, sender))
    if dkim and delivery.notice.unsubscribe.startswith("https://"):
        # Mail programs then unsubscribe by themselves; only what is signed may say so.
        yield "List-Unsubscribe-Post", "List-Unsubscribe=One-Click"
    if delivery.notice.thread.startswith(THREAD):
        yield "Precedence", "list"
        if dkim:
            yield "Feedback-ID", f"{slug(delivery.audience)}:digest:tocsin"


def ways_out(delivery: Delivery, sender: Address) -> list[str]:
    """How to leave the list: by its page, if the recipient has one, or by a mail to whoever runs Tocsin."""
    own = delivery.audience == str(delivery.destination)
    subject = "unsubscribe" if own else f"unsubscribe {delivery.audience}"
    by_mail = f"mailto:{quote(sender.addr_spec, safe='@')}?subject={quote(subject)}"
    return [*filter(None, (delivery.notice.unsubscribe,)), by_mail]


def slug(text: str) -> str:
    """A part of an id: "x#17" gives "x-17"; anything unsuitable gives a hash, to stay unique."""
    word = text.replace("#", "-")
    return word if re.fullmatch(r"[A-Za-z0-9_-]{1,24}", word) else hashed(text)


def hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]
