"""Mails that come back: reports of failed delivery (RFC 3464), read from a mailbox by IMAP.

Whoever knows the mailbox's address can write to it, so a report counts only with the Message-ID of a mail that we sent to
the address it is about; the caller sees to that. Nothing in the mailbox is changed.
"""

from __future__ import annotations

import contextlib
import imaplib
import re
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import Final
from urllib.parse import unquote, urlsplit

from bot.channels.email import BounceBox
from bot.channels.providers import masked
from bot.notify.bounces import NOT_OF_THE_ADDRESS

TIMEOUT: Final = 20.0  # s for each answer of the server
LARGEST: Final = 256 * 1024  # bytes of a mail that are read
MAILS: Final = 50  # at a time
FIRST: Final = 200  # of the newest mails are read at first
RECIPIENTS: Final = 20  # of one report
PARTS: Final = 50  # of one mail
STATUS: Final = re.compile(r"5\.\d{1,3}\.\d{1,3}")
ADDRESS: Final = re.compile(r"rfc822\s*;\s*<?([^\s<>;,]{1,64}@[^\s<>;,]{1,253})>?", re.IGNORECASE)
MESSAGE_ID: Final = re.compile(r"<[^<>\s]{1,200}>")


@dataclass(frozen=True, slots=True)
class Bounce:
    """An address that a mail did not reach, for good. `original`: the Message-ID of that mail; `said`: the last server's
    answer.
    """

    address: str
    original: str
    said: str
    reporter: str


@dataclass(frozen=True, slots=True)
class Mailbox:
    """What was read: mails, and up to which one ("validity:number"), to go on from there."""

    mails: tuple[bytes, ...]
    upto: str


Trouble: Final = imaplib.IMAP4.error


def named(error: Exception, box: BounceBox) -> str:
    """What went wrong, in a line without the password."""
    if isinstance(error, TimeoutError):
        return "it does not answer in time"
    text = error.strerror or type(error).__name__ if isinstance(error, OSError) else " ".join(map(_shown, error.args))
    return masked(" ".join(text.split()), box.password.get_secret_value())[:200]


def _shown(part: object) -> str:
    return part.decode(errors="replace") if isinstance(part, bytes) else str(part)


def read_with(box: BounceBox, tls: Callable[[], ssl.SSLContext], since: str) -> Mailbox:
    return read(box, tls(), since)


def read(box: BounceBox, tls: ssl.SSLContext, since: str) -> Mailbox:
    """Read the mails after `since`, the oldest first. Blocking. Raise OSError or `Trouble`."""
    with _opened(box, tls, TIMEOUT) as (imap, _):
        validity = _number(imap.response("UIDVALIDITY")[1])
        after = _after(since, validity)
        found = imap.uid("SEARCH", "UID", f"{after + 1}:*")[1][0] or b""
        numbers = sorted(number for word in found.split()[-100_000:] if (number := _number([word])) > after)
        numbers = numbers[-FIRST:][:MAILS] if after == 0 else numbers[:MAILS]
        mails = tuple(mail for number in numbers if (mail := _fetched(imap, number)))
        return Mailbox(mails, f"{validity}:{numbers[-1] if numbers else after}")


def probe(box: BounceBox, tls: ssl.SSLContext, timeout: float) -> int:
    """The number of mails in the folder. Blocking. Raise OSError or `Trouble`."""
    with _opened(box, tls, timeout) as (_, count):
        return count


@contextlib.contextmanager
def _opened(box: BounceBox, tls: ssl.SSLContext, timeout: float) -> Iterator[tuple[imaplib.IMAP4, int]]:
    """The mailbox with its folder open, for reading only, and the number of mails in it."""
    parts = urlsplit(box.server)
    imap: imaplib.IMAP4
    if parts.scheme == "imaps":
        imap = imaplib.IMAP4_SSL(box.host, parts.port or 993, ssl_context=tls, timeout=timeout)
    else:
        imap = imaplib.IMAP4(box.host, parts.port or 143, timeout=timeout)
    with imap:
        imap.login(unquote(parts.username or ""), box.password.get_secret_value())
        _, count = imap.select(f'"{_quoted(box.folder)}"', readonly=True)
        if not (count[0] or b"").isdigit():
            raise imaplib.IMAP4.error(f"the folder {box.folder} cannot be opened")
        yield imap, _number(count)


def _quoted(folder: str) -> str:
    return folder.replace("\\", "\\\\").replace('"', '\\"')


def _after(since: str, validity: int) -> int:
    """The number of the last mail read; 0 if the folder's numbers have begun anew."""
    known, _, number = since.partition(":")
    return _number([number.encode()]) if known == str(validity) else 0


def _number(answer: object) -> int:
    first = answer[0] if isinstance(answer, list) and answer else None
    return int(first) if isinstance(first, bytes) and len(first) < 12 and first.isdigit() else 0


def _fetched(imap: imaplib.IMAP4, number: int) -> bytes:
    answer = imap.uid("FETCH", str(number), f"(BODY.PEEK[]<0.{LARGEST}>)")[1]
    return next((bytes(part[1][:LARGEST]) for part in answer if isinstance(part, tuple) and len(part) > 1), b"")


def bounces(mail: bytes) -> tuple[Bounce, ...]:
    """The addresses that a report says are gone; none for any other mail, however odd it is."""
    try:
        return tuple(_bounces(BytesParser(policy=compat32).parsebytes(mail[:LARGEST])))
    except Exception:  # noqa: BLE001 - the parser's own errors on mails that nobody checks
        return ()


def _bounces(mail: Message) -> Iterator[Bounce]:
    if mail.get_content_type() != "multipart/report" or not mail.is_multipart():
        return
    if str(mail.get_param("report-type", "")).lower() != "delivery-status":
        return
    parts = _parts(mail)[:PARTS]
    original = next((name for part in parts if (name := _original(part))), "")
    status = next((part for part in parts if part.get_content_type() == "message/delivery-status"), None)
    blocks = _parts(status)[: RECIPIENTS + 1] if status is not None else []
    reporter = _value(blocks[0], "Reporting-MTA").rpartition(";")[2].strip() if blocks else ""
    for block in blocks:
        address = ADDRESS.search(_value(block, "Original-Recipient")) or ADDRESS.search(
            _value(block, "Final-Recipient")
        )
        code, failed = STATUS.match(_value(block, "Status")), _value(block, "Action").lower() == "failed"
        if address and original and failed and code and not code[0].startswith(NOT_OF_THE_ADDRESS):
            said = _value(block, "Diagnostic-Code").partition(";")[2].strip() or code[0]
            yield Bounce(address[1], original, said[:200], reporter[:100] or "?")


def _parts(mail: Message) -> list[Message]:
    payload = mail.get_payload()
    return [part for part in payload if isinstance(part, Message)] if isinstance(payload, list) else []


def _original(part: Message) -> str:
    """The Message-ID of the mail that came back, which is part of the report, or its headers are."""
    kind, payload = part.get_content_type(), part.get_payload()
    if kind == "message/rfc822" and isinstance(payload, list) and payload and isinstance(payload[0], Message):
        text = _value(payload[0], "Message-ID")
    elif kind == "text/rfc822-headers":
        content = part.get_payload(decode=True)
        head = BytesParser(policy=compat32).parsebytes(content if isinstance(content, bytes) else b"", headersonly=True)
        text = _value(head, "Message-ID")
    else:
        return ""
    found = MESSAGE_ID.search(text)
    return found[0] if found else ""


def _value(block: Message, name: str) -> str:
    """A field in one line of printable text."""
    text = " ".join(str(block.get(name, ""))[:2000].split())
    return "".join(letter for letter in text if letter.isprintable())
