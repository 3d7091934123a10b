"""Trying a connection: the only test of an address that takes messages without authentication."""

from __future__ import annotations

from datetime import timedelta

from bot.contracts import BLIND, Net, Reach, Trouble
from bot.model import AdviceCode, Reason, ReasonCode

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
