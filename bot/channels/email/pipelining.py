"""MAIL, RCPT and DATA in one write, for relays that offer PIPELINING (RFC 2920)."""

from __future__ import annotations

import asyncio
import re
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import cast

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPReadTimeoutError,
    SMTPRecipientRefused,
    SMTPResponse,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from aiosmtplib.email import quote_address
from aiosmtplib.protocol import SMTPProtocol

LONGEST = 32 * 1024  # bytes of replies not read yet
UNREADABLE = -1  # the library's code for a reply that is none
CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
SIMPLE = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
LINE_END = re.compile(rb"\r\n|\r|\n")
DOT = re.compile(rb"(?m)^\.")
GO_ON, DONE = 354, 250
RECIPIENT_TAKEN = frozenset({250, 251})


class Transaction(asyncio.Protocol):
    """One mail on a connection of the library, which it takes over meanwhile: the library reads one reply at a time.

    Raises the library's exceptions, so that a refusal means the same as without pipelining. After one of them the
    connection must be closed: replies may still be on their way.
    """

    def __init__(self, smtp: SMTP) -> None:
        if smtp.protocol is None or smtp.transport is None:
            raise SMTPServerDisconnected("Connection lost")
        self._theirs: SMTPProtocol = smtp.protocol
        self._transport = cast("asyncio.Transport", smtp.transport)
        self._buffer = bytearray()
        self._lines: list[str] = []  # of an unfinished reply
        self._replies: deque[SMTPResponse] = deque()
        self._broken: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._data: SMTPResponse | None = None
        self._transport.set_protocol(self)

    async def begin(self, sender: str, to: str, options: Sequence[str], encoding: str, timeout: float) -> None:
        """Send everything before the mail itself. Raise if sender or recipient is refused."""
        commands = [
            b" ".join([b"MAIL FROM:" + quoted(sender).encode(encoding), *(o.encode("ascii") for o in options)]),
            b"RCPT TO:" + quoted(to).encode(encoding),
            b"DATA",
        ]
        if any(CONTROL.search(command) for command in commands):
            raise ValueError("an address has a control character")
        self._write(b"\r\n".join(commands) + b"\r\n")
        async with _within(timeout):
            taken = await self._reply()
            if taken.code != DONE:
                raise SMTPSenderRefused(taken.code, taken.message, sender)
            taken = await self._reply()
            if taken.code not in RECIPIENT_TAKEN:
                raise SMTPRecipientRefused(taken.code, taken.message, to)
            self._data = await self._reply()

    async def finish(self, content: bytes, timeout: float) -> None:
        """Send the mail itself, and hand the connection back. Raise if it is refused, or if that is unknown."""
        if self._data is None or self._data.code != GO_ON:
            raise SMTPDataError(*(self._data or (UNREADABLE, "no reply to DATA")))
        text = LINE_END.sub(b"\r\n", content)
        text = DOT.sub(b"..", text if text.endswith(b"\r\n") else text + b"\r\n")
        self._write(text + b".\r\n")
        async with _within(timeout):
            said = await self._reply()
        if said.code != DONE:
            raise SMTPDataError(said.code, said.message)
        self._transport.set_protocol(self._theirs)

    def _write(self, data: bytes) -> None:
        if self._broken or self._transport.is_closing():
            raise SMTPServerDisconnected("Connection lost") from self._broken
        self._transport.write(data)

    async def _reply(self) -> SMTPResponse:
        while not self._replies:
            if self._broken:
                raise self._broken
            self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter
        return self._replies.popleft()

    # ── what the transport calls ─────────────────────────────────────────────────────────────────────────────────────

    def data_received(self, data: bytes) -> None:
        if self._broken:
            return  # what follows a reply that could not be read belongs to nothing
        self._buffer += data
        if len(self._buffer) + sum(map(len, self._lines)) > LONGEST:
            self._break(SMTPResponseException(UNREADABLE, "Response too long"))
            return
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = bytearray(rest)
        for line in lines:
            if not self._broken:
                self._take(bytes(line))
        self._wake()

    def _take(self, line: bytes) -> None:
        code = line[:3]
        if not (code.isdigit() and line[3:4] in {b"", b" ", b"-", b"\r"}):
            text = line.decode("utf-8", "ignore")
            self._break(SMTPResponseException(UNREADABLE, f"Malformed SMTP response line: {text}"))
            return
        self._lines.append(line[4:].strip(b" \t\r").decode("utf-8", "surrogateescape"))
        if line[3:4] != b"-":
            self._replies.append(SMTPResponse(int(code), "\n".join(self._lines)))
            self._lines.clear()

    def eof_received(self) -> bool:
        self._break(SMTPServerDisconnected("Unexpected EOF received"))
        return self._theirs.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        lost = SMTPServerDisconnected("Connection lost")
        lost.__cause__ = exc
        self._break(lost)
        self._theirs.connection_lost(exc)

    def pause_writing(self) -> None:
        self._theirs.pause_writing()

    def resume_writing(self) -> None:
        self._theirs.resume_writing()

    def _break(self, error: Exception) -> None:
        self._broken = self._broken or error
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def quoted(address: str) -> str:
    """In angle brackets. The library reads even the simplest one letter by letter."""
    return f"<{address}>" if SIMPLE.fullmatch(address) else quote_address(address)


@asynccontextmanager
async def _within(seconds: float) -> AsyncIterator[None]:
    """A time-out that raises the library's error."""
    limit = asyncio.timeout(seconds)
    try:
        async with limit:
            yield
    except TimeoutError:
        if limit.expired():
            raise SMTPReadTimeoutError("Timed out waiting for server response") from None
        raise
