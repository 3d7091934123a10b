"""Connections to providers: trying one, and the reason why one could not be made."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.contracts import BLIND, Net, Reach, Trouble
from bot.model import AdviceCode, Reason, ReasonCode

if TYPE_CHECKING:
    import aiohttp

UNPROVEN = "nothing was sent, so whether it takes notices shows only in `tocsin test`"


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
