"""The body of a mail but for its footers: the same for all its readers, so that it is made once."""

from __future__ import annotations

from binascii import b2a_qp
from collections.abc import Mapping
from dataclasses import dataclass
from email.contentmanager import ContentManager
from email.message import EmailMessage, MIMEPart

from bot.channels.email import bars, page, plain
from bot.channels.email.headers import POLICY
from bot.model import MailLook, Notice

FOOTER = "=@footer@"  # no line of quoted-printable or base64 looks like this
_NO_PARAMS: Mapping[str, str] = {}


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
    return logo | {name: (bars.picture(cells), "png") for cells, name in page.pictures(notice).items()}


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
