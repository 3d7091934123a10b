"""Text parts in quoted-printable: readable as it is, and no relay needs 8BITMIME. The library encodes character by
character, which for a page takes longer than all the rest of a mail.
"""

from __future__ import annotations

from binascii import b2a_qp
from collections.abc import Mapping
from email.contentmanager import ContentManager
from email.message import MIMEPart

_NO_PARAMS: Mapping[str, str] = {}


def _set_text(part: MIMEPart, text: str, subtype: str, params: Mapping[str, str] = _NO_PARAMS) -> None:
    more = "".join(f'; {name}="{value}"' for name, value in params.items())
    part["Content-Type"] = f'text/{subtype}; charset="utf-8"{more}'
    part["Content-Transfer-Encoding"] = "quoted-printable"
    part.set_payload(b2a_qp(text.encode(), istext=True).decode("ascii"))


TEXTS = ContentManager()
TEXTS.add_set_handler(str, _set_text)
