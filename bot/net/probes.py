"""Probes besides HTTP: line-based protocols in which the server speaks first, and ICMP echo requests.

ICMP is done by icmplib (the extra `ping`).
"""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.contracts import Cause, Echoed, Starttls
from bot.model import AdviceCode, Reason, ReasonCode
from bot.net.connection import Connection
from bot.net.errors import Trip, TroubleError

LONGEST = 4096  # bytes of a line; SMTP allows 512, SSH 255
APART = 0.2  # seconds between packets: many hosts drop some if they come faster
FORBIDDEN = Reason.of(ReasonCode.OWN_PING_FORBIDDEN, advice=AdviceCode.ALLOW_PING)
MISSING = Reason.of(ReasonCode.OWN_PING_MISSING, advice=AdviceCode.INSTALL_PING)


class LineConversation(Connection):
    """Keeps up to `LONGEST` bytes of incoming data until asked for: a greeting may arrive before anybody waits."""

    __slots__ = ("_come", "_ended", "_waiting")

    def __init__(self) -> None:
        super().__init__()
        self._come = bytearray()
        self._ended: BaseException | None = None
        self._waiting: asyncio.Future[None] | None = None

    async def line(self, trip: Trip) -> str:
        """The next line, without its end. Raise OSError or TroubleError if none comes."""
        trip.enter("greet")
        while b"\n" not in self._come:
            if len(self._come) >= LONGEST:
                raise TroubleError(Cause.PROTOCOL, Reason.of(ReasonCode.GREETING_NOT_TEXT))
            if self._ended is not None:
                raise self._ended
            self._waiting = asyncio.get_running_loop().create_future()
            await self._waiting
        line, _, rest = self._come.partition(b"\n")
        self._come = rest
        return line.decode("utf-8", "replace").rstrip("\r")

    def say(self, text: str) -> None:
        if self.transport is not None:
            self.transport.write(text.encode("ascii") + b"\r\n")

    def hush(self) -> None:
        """Forget plain text received before TLS: it may be forged."""
        self._come.clear()

    def data_received(self, data: bytes) -> None:
        self._come += data[: LONGEST - len(self._come)]
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        closed = TroubleError(Cause.RESET, Reason.of(ReasonCode.CLOSED_WITHOUT_GREETING))
        self._ended = exc if isinstance(exc, OSError) else closed
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


async def ask_for_tls(talk: LineConversation, protocol: Starttls, trip: Trip) -> None:
    """STARTTLS of SMTP (RFC 3207) or IMAP (RFC 9051, 6.2.1). Raise OSError or TroubleError if it is not granted."""
    if protocol == "smtp":
        granted = await _smtp(talk, "", trip) and await _smtp(talk, "EHLO tocsin.invalid", trip)
        granted = granted and await _smtp(talk, "STARTTLS", trip)
    else:
        granted = (await talk.line(trip)).startswith("* OK")
        talk.say("a STARTTLS")
        while granted and not (line := await talk.line(trip)).startswith("a "):
            pass
        granted = granted and line.startswith("a OK")
    if not granted:
        raise TroubleError(Cause.TLS, Reason.of(ReasonCode.TLS_NOT_OFFERED))
    talk.hush()


async def _smtp(talk: LineConversation, command: str, trip: Trip) -> bool:
    """Whether a command is accepted. The last line of a reply has no hyphen after its number."""
    if command:
        talk.say(command)
    while (line := await talk.line(trip))[3:4] == "-":
        pass
    return line.startswith("2")


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
