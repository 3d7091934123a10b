"""Secrets: taken out of what a provider says before anybody reads it, and known for what cannot be one."""

from __future__ import annotations

import base64
import re

LONG = 8  # characters: a secret this long is taken out wherever it stands, a shorter one only where it is a word


def unsendable(token: str) -> str:
    """What keeps a token from standing in a header, whatever stands around it; empty where nothing does."""
    if re.search(r"\s", token.strip()):
        return "has a space or a line break inside"
    if not token.strip().isascii() or not token.strip().isprintable():
        return "has a character that no token has"
    return "" if token.strip() else "is empty"


def masked(text: str, *secrets: str, mask: str = "***") -> str:
    """In any case, for a library may turn what is said into small letters; also as base64, in which logins are sent."""
    for secret in secrets:
        for form in (secret, base64.b64encode(secret.encode(errors="replace")).decode()) if secret else ():
            pattern = re.escape(form)
            if len(form) < LONG:
                pattern = rf"(?<!\w){pattern}(?!\w)"
            text = re.sub(pattern, mask, text, flags=re.IGNORECASE)
    return text
