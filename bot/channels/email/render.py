"""Notices as mails."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from urllib.parse import quote

from bot.channels.email import page, plain
from bot.channels.email.smtp import Mail
from bot.model import PLAIN_LOOK, Delivery, MailLook
from bot.wording import mail as words


class Letters:
    """Writes the mails of one sender."""

    def __init__(self, sender: Address, look: MailLook = PLAIN_LOOK) -> None:
        self.sender = sender
        self.look = look

    def write(self, delivery: Delivery, to: Address) -> Mail:
        """Write a mail. Raise ValueError if something cannot be put in one."""
        letter = self._compose(delivery, to)
        utf8 = not (to.addr_spec.isascii() and self.sender.addr_spec.isascii())
        content = letter.as_bytes(policy=SMTPUTF8) if utf8 else letter.as_bytes()
        return Mail(self.sender.addr_spec, to.addr_spec, content, str(letter["Message-ID"]), utf8)

    def _compose(self, delivery: Delivery, to: Address) -> EmailMessage:
        notice, domain = delivery.notice, short(self.sender.domain)
        thread = thread_id(notice.thread, domain)
        mail = EmailMessage(policy=SMTP)  # rejects line breaks in headers
        mail["From"], mail["To"] = self.sender, to
        # A subject of its own, for lock screens; References keep the thread together.
        mail["Subject"] = " ".join(notice.words.title.split())
        mail["Date"] = datetime.now(UTC)
        mail["Message-ID"] = message_id(delivery, domain)
        mail["In-Reply-To"] = delivery.root or thread
        mail["References"] = f"{thread} {delivery.root}" if delivery.root else thread
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Auto-Response-Suppress"] = "All"  # against Exchange's out-of-office replies
        if delivery.audience:
            mail["List-Id"] = f"<{slug(delivery.audience)}.{domain}>"
        self._fill(mail, delivery)
        return mail

    def _fill(self, mail: EmailMessage, delivery: Delivery) -> None:
        """The text and the page, with the pictures that stand in it."""
        notice = delivery.notice
        stamp, foot = words.stamp(notice, datetime.now(UTC)), self._foot(delivery)
        # Quoted-printable: readable as it is, and no relay needs 8BITMIME.
        text = plain.text(notice, self.look, stamp, foot)
        mail.set_content(text, cte="quoted-printable", params={"format": "flowed"})
        mail.add_alternative(page.page(notice, self.look, stamp, foot), subtype="html", cte="quoted-printable")
        html = mail.get_payload()[1]  # type: ignore[index]  # a list, since there are two parts
        if self.look.logo:
            html.add_related(  # type: ignore[union-attr]
                self.look.logo, "image", self.look.logo_type, cid=f"<{page.LOGO}>", disposition="inline"
            )

    def _foot(self, delivery: Delivery) -> tuple[page.Foot, ...]:
        """The organisation's own line, why the mail came, how to stop it, and its number."""
        notice, address = delivery.notice, self.sender.addr_spec
        own = (page.Foot(self.look.footer),) if self.look.footer else ()
        return (
            *own,
            page.Foot(words.reason_for(delivery)),
            page.Foot(words.way_out(notice, by_mail=True), f"mailto:{quote(address, safe='@')}", address),
            page.Foot(words.reference(notice)),
        )


def message_id(delivery: Delivery, domain: str) -> str:
    """The Message-ID: the same in every attempt, as many mailboxes drop a second mail with the same id.

    Each recipient gets another one, as Gmail defers mails to many under one id. The time tells a new x#17 from the one
    of a lost database.
    """
    at = delivery.notice.at
    return f"<{digest(f'{delivery.key} {at.timestamp():.0f}' if at else delivery.key)}@{domain}>"


def thread_id(thread: str, domain: str) -> str:
    """The id of a mail that was never sent: references to it make one thread even if the first mail was lost."""
    return f"<{slug(thread)}@{domain}>"


def slug(text: str) -> str:
    """A part of an id: "x#17" gives "x-17"; anything unsuitable gives a digest, to stay unique."""
    word = text.replace("#", "-")
    return word if re.fullmatch(r"[A-Za-z0-9_-]{1,24}", word) else digest(text)


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def short(domain: str) -> str:
    """As much of a domain as keeps "In-Reply-To: <id>" on one line of 78 characters.

    The standard library writes a longer line as an encoded word, which no mail program takes for an id.
    """
    while len(domain) > 36 and "." in domain:
        domain = domain.partition(".")[2]
    return domain
