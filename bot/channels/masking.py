"""Masking secrets in providers' answers, and recognising impossible tokens."""

from __future__ import annotations

import base64
import re

LONG = 8  # characters: a secret of this length is masked anywhere, a shorter one only as a whole word


def unsendable(token: str) -> str:
    """The reason why a token cannot be sent in a header; "" if there is none. Outer spaces do not matter."""
    if re.search(r"\s", token.strip()):
        return "has a space or a line break inside"
    if not token.strip().isascii() or not token.strip().isprintable():
        return "has a character that no token has"
    return "" if token.strip() else "is empty"


def masked(text: str, *secrets: str, mask: str = "***") -> str:
    """Mask secrets, ignoring case, since libraries may change it; and in base64, as logins are sent."""
    for secret in secrets:
        for form in (secret, base64.b64encode(secret.encode(errors="replace")).decode()) if secret else ():
            pattern = re.escape(form)
            if len(form) < LONG:
                pattern = rf"(?<!\w){pattern}(?!\w)"
            text = re.sub(pattern, mask, text, flags=re.IGNORECASE)
    return text
