"""Notices as mails."""

from __future__ import annotations

from binascii import b2a_qp
from collections.abc import Mapping
from datetime import UTC, datetime
from email.contentmanager import ContentManager
from email.headerregistry import Address
from email.message import EmailMessage, MIMEPart
from email.policy import SMTPUTF8
from urllib.parse import quote

from bot.channels.email import bars, page, plain
from bot.channels.email.headers import POLICY, add_headers, hashed, slug
from bot.channels.email.smtp import Mail
from bot.model import PLAIN_LOOK, Delivery, MailLook, Notice
from bot.wording import mail as words


class Letters:
    """Writes the mails of one sender."""

    def __init__(self, sender: Address, look: MailLook = PLAIN_LOOK, *, dkim: bool = True) -> None:
        self.sender = sender
        self.dkim = dkim
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
        mail = EmailMessage(policy=POLICY)
        mail["From"], mail["To"] = self.sender, to
        # A subject of its own, for lock screens; References keep the thread together.
        mail["Subject"] = " ".join(notice.words.title.split())
        mail["Date"] = datetime.now(UTC)
        mail["Message-ID"] = message_id(delivery, domain)
        mail["In-Reply-To"] = delivery.root or thread
        mail["References"] = f"{thread} {delivery.root}" if delivery.root else thread
        add_headers(mail, delivery, self.sender, domain, dkim=self.dkim)
        self._fill(mail, delivery)
        return mail

    def _fill(self, mail: EmailMessage, delivery: Delivery) -> None:
        """The text and the page, with the pictures that stand in it."""
        notice = delivery.notice
        stamp, foot = words.stamp(notice, datetime.now(UTC)), self._foot(delivery)
        text = plain.text(notice, self.look, stamp, foot)
        mail.set_content(text, "plain", {"format": "flowed"}, content_manager=TEXTS)
        mail.add_alternative(page.page(notice, self.look, stamp, foot), "html", content_manager=TEXTS)
        html = mail.get_payload()[1]  # type: ignore[index]  # a list, since there are two parts
        for name, (content, kind) in self._pictures(notice).items():
            html.add_related(content, "image", kind, cid=f"<{name}>", disposition="inline")  # type: ignore[union-attr]
        for file in notice.document.attachments if notice.document else ():
            mail.add_attachment(file.text, subtype=file.kind, filename=file.name, cte="quoted-printable")

    def _pictures(self, notice: Notice) -> dict[str, tuple[bytes, str]]:
        """What stands in the page, by the name it has there: the picture and its kind."""
        logo = {page.LOGO: (self.look.logo, self.look.logo_type)} if self.look.logo else {}
        return logo | {name: (bars.picture(cells), "png") for cells, name in page.pictures(notice).items()}

    def _foot(self, delivery: Delivery) -> tuple[page.Foot, ...]:
        """The organisation's own line, why the mail came, how to stop it, and its number."""
        notice, address = delivery.notice, self.sender.addr_spec
        own = (page.Foot(self.look.footer),) if self.look.footer else ()
        way_out = page.Foot(words.way_out(notice, by_mail=True), f"mailto:{quote(address, safe='@')}", address)
        if notice.unsubscribe:
            way_out = page.Foot(words.way_out(notice, by_mail=False), notice.unsubscribe, notice.unsubscribe)
        return (
            *own,
            page.Foot(words.reason_for(delivery)),
            way_out,
            *(() if notice.document else (page.Foot(words.reference(notice)),)),
        )


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


_NO_PARAMS: Mapping[str, str] = {}


def _set_text(part: MIMEPart, text: str, subtype: str, params: Mapping[str, str] = _NO_PARAMS) -> None:
    """Set a text part in quoted-printable: readable as it is, and no relay needs 8BITMIME. The library encodes
    character by character, which for a page takes longer than all the rest of a mail.
    """
    more = "".join(f'; {name}="{value}"' for name, value in params.items())
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"{more}'
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(b2a_qp(text.encode(), istext=True).decode("ascii"))


TEXTS = ContentManager()
TEXTS.add_set_handler(str, _set_text)
