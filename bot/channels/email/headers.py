"""Headers around a mail: that a machine wrote it, which list it belongs to, and how to leave that (RFC 2369, 2919, 8058)."""

from __future__ import annotations

import hashlib
import re
from email.headerregistry import Address, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, Policy
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


def add_headers(mail: EmailMessage, delivery: Delivery, sender: Address, domain: str, *, dkim: bool) -> None:
    """Add the headers of a machine's mail to a list. `domain`: of its ids; `dkim`: the relay signs our mails."""
    mail["Auto-Submitted"] = "auto-generated"
    mail["X-Auto-Response-Suppress"] = "All"  # against Exchange's out-of-office replies
    if not delivery.audience:
        return
    mail["List-Id"] = f"<{slug(delivery.audience)}.{domain}>"
    mail["List-Unsubscribe"] = ", ".join(f"<{uri}>" for uri in ways_out(delivery, sender))
    if dkim and delivery.notice.unsubscribe.startswith("https://"):
        # Mail programs then unsubscribe by themselves; only what is signed may say so.
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if delivery.notice.thread.startswith(THREAD):
        mail["Precedence"] = "list"
        if dkim:
            mail["Feedback-ID"] = f"{slug(delivery.audience)}:digest:tocsin"


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
