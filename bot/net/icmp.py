"""ICMP echo requests, by icmplib (the extra `ping`)."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.contracts import Cause, Echoed
from bot.model import AdviceCode, Reason, ReasonCode
from bot.net.errors import TroubleError

APART = 0.2  # seconds between packets: many hosts drop some if they come faster
FORBIDDEN = Reason.of(ReasonCode.OWN_PING_FORBIDDEN, advice=AdviceCode.ALLOW_PING)
MISSING = Reason.of(ReasonCode.OWN_PING_MISSING, advice=AdviceCode.INSTALL_PING)


async def echo(address: str, packets: int, until: float, source: str | None = None) -> Echoed:
    """Send echo requests, from our address `source`. `until`: deadline in the loop's time. Raise TroubleError if we cannot
    ping at all.
    """
    try:
        import icmplib  # noqa: PLC0415 - an extra, and only for those who ping
    except ImportError:
        raise TroubleError(Cause.OURS, MISSING) from None
    left = until - asyncio.get_running_loop().time()
    pause = min(APART, left / (4 * packets))
    each = max((left - packets * pause) / packets, 0.001)  # for one packet, so that a time-out counts as its loss
    for privileged in (False, True):
        try:
            seen = await icmplib.async_ping(
                address, count=packets, interval=pause, timeout=each, source=source, privileged=privileged
            )
        except icmplib.SocketPermissionError:
            continue
        except icmplib.ICMPLibError as error:
            if source is not None and isinstance(error, icmplib.SocketAddressError):
                raise TroubleError(Cause.OURS, Reason.of(ReasonCode.OWN_NETWORK_DOWN)) from None
            raise TroubleError(Cause.UNREACHABLE, Reason.of(ReasonCode.NOT_PINGABLE)) from None
        took = timedelta(milliseconds=seen.avg_rtt) if seen.packets_received else None
        return Echoed(packets, seen.packets_received, took)
    raise TroubleError(Cause.OURS, FORBIDDEN)
