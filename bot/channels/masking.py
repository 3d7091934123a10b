"""Masking secrets in providers' answers, and recognising impossible tokens."""

from __future__ import annotations

import base64
import re

from bot.model import Advice, AdviceCode, Reason, ReasonCode

LONG = 8  # characters: a secret of this length is masked anywhere, a shorter one only as a whole word


def unsendable(token: str, key: str, place: str) -> Reason | None:
    """The reason why a token cannot be sent in a header; None if there is none. Outer spaces do not matter.

    `key` is its setting, `place` where it is copied from.
    """
    if not (code := _fault(token.strip())):
        return None
    return Reason.of(code, key=key, advice=Advice.of(AdviceCode.COPY_TOKEN, place=place))


def _fault(token: str) -> ReasonCode | None:
    if re.search(r"\s", token):
        return ReasonCode.TOKEN_HAS_BLANK
    if not token.isascii() or not token.isprintable():
        return ReasonCode.TOKEN_HAS_ODD_CHARACTER
    return None if token else ReasonCode.TOKEN_EMPTY


def masked(text: str, *secrets: str, mask: str = "***") -> str:
    """Mask secrets, ignoring case, since libraries may change it; and in base64, as logins are sent."""
    for secret in secrets:
        for form in (secret, base64.b64encode(secret.encode(errors="replace")).decode()) if secret else ():
            pattern = re.escape(form)
            if len(form) < LONG:
                pattern = rf"(?<!\w){pattern}(?!\w)"
            text = re.sub(pattern, mask, text, flags=re.IGNORECASE)
    return text
