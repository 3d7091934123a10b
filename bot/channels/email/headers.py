"""Headers around a mail: that a machine wrote it, which list it belongs to, and how to leave that (RFC 2369, 2919, 8058)."""

from __future__ import annotations

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterator
from datetime import datetime
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.policy import SMTP, SMTPUTF8, Policy
from email.utils import format_datetime
from urllib.parse import quote

from bot.model import Delivery
from bot.model.digests import THREAD


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
KEPT = 256  # headers
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
            if len(self._known) > KEPT:
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
