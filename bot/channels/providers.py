"""What channels share about their providers: whether one can be reached, and masking secrets in its answers."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.contracts import BLIND, Net, Reach, Trouble
from bot.model import Advice, AdviceCode, Reason, ReasonCode

if TYPE_CHECKING:
    import aiohttp


LONG = 8  # characters: a secret of this length is masked anywhere, a shorter one only as a whole word
UNPROVEN = "nothing was sent, so whether it takes notices shows only in `tocsin test`"


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


async def connecting(net: Net, host: str, port: int, *, secure: bool, timeout: timedelta) -> Reach:
    """Connect, over TLS if `secure`, and disconnect. The address may be a secret, so no part of it is named."""
    try:
        ask = net.handshake if secure else net.connect
        answer = await ask(host, port, timeout=timeout)
    except ValueError:
        return Reach(False, "this address cannot be asked: check it")
    if isinstance(answer, Trouble):
        ours = answer.cause in BLIND
        why = Reason.of(ReasonCode.NO_CONNECTION_TAKEN, cause=answer.why, advice=AdviceCode.CHECK_ADDRESS)
        return Reach(None if ours else False, why)
    return Reach(True, f"takes connections{' over TLS' if secure else ''} ({UNPROVEN})")


def unreached(channel: str, error: aiohttp.ClientConnectorError) -> Reason:
    """The reason why a provider cannot be reached: its name, TLS or the connection."""
    return Reason.of(ReasonCode.NOT_REACHED, channel=channel, cause=Reason.of(_cause(error), host=error.host))


def _cause(error: aiohttp.ClientConnectorError) -> ReasonCode:
    import aiohttp  # noqa: PLC0415  a channel that is not configured costs nothing

    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return ReasonCode.NAME_NOT_FOUND
    if isinstance(error, aiohttp.ClientSSLError):
        return ReasonCode.NO_TRUSTED_TLS
    return ReasonCode.NO_CONNECTIONS_ACCEPTED
