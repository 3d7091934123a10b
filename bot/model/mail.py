"""The look of an organisation's mails."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MailLook:
    """How mails look. `color` is "#rrggbb". `logo` is a picture of the type `logo_type` ("png"); empty: none."""

    organisation: str = ""
    color: str = "#1f4e79"
    footer: str = ""
    logo: bytes = b""
    logo_type: str = ""


PLAIN_LOOK = MailLook()
