"""A mail relay with PIPELINING that takes so many connections and so long for each mail, and keeps only the envelopes.

async with BusyRelay(most=3) as relay:
    relay.url
    relay.replies["RCPT"] = "550 5.1.1 no such user"    # what it says from now on
    relay.pieces = True                                 # each byte of a reply by itself
    relay.taken, relay.refused, relay.writes            # mails with their time; connections; commands as they came
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Self


class BusyRelay:
    def __init__(self, most: int = 100, takes: float = 0.0) -> None:
        self.most, self.takes = most, takes
        self.url = ""
        self.replies: dict[str, str] = {}
        self.pieces = False
        self.taken: list[tuple[float, str, bytes]] = []  # when, for whom, and the mail as it came
        self.refused = 0
        self.writes: list[bytes] = []
        self.open: set[_Session] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(lambda: _Session(self), "127.0.0.1", 0)
        self.url = f"smtp://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for session in list(self.open):
            session.transport.abort()
        await asyncio.sleep(0)


class _Session(asyncio.Protocol):
    def __init__(self, relay: BusyRelay) -> None:
        self.relay = relay
        self.read, self.in_mail, self.to = b"", False, ""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        if len(self.relay.open) >= self.relay.most:
            self.relay.refused += 1
            self.say("421 4.7.0 too many connections from you")
            transport.close()
            return
        self.relay.open.add(self)
        self.say("220 relay ESMTP")

    def connection_lost(self, exc: Exception | None) -> None:
        self.relay.open.discard(self)

    def data_received(self, data: bytes) -> None:
        if self not in self.relay.open:
            return
        if not self.in_mail:
            self.relay.writes.append(data)
        self.read += data
        while True:
            line, end, rest = self.read.partition(b"\r\n.\r\n" if self.in_mail else b"\r\n")
            if not end:
                return
            self.read = rest
            if self.in_mail:
                self.in_mail = False
                asyncio.get_running_loop().call_later(self.relay.takes, self.take, line)
            else:
                self.answer(line.decode())

    def answer(self, line: str) -> None:
        command = line[:4].upper()
        usual = {"EHLO": "250-relay\r\n250-PIPELINING\r\n250 8BITMIME", "DATA": "354 go on", "QUIT": "221 bye"}
        said = self.relay.replies.get(command, usual.get(command, "250 2.0.0 OK"))
        if command == "RCPT":
            self.to = line[len("RCPT TO:<") : -1]
        self.in_mail = command == "DATA" and said.startswith("354")
        self.say(said)
        if command == "QUIT" or said.startswith("421"):
            self.transport.close()

    def take(self, mail: bytes) -> None:
        said = self.relay.replies.get("MAIL ITSELF", "250 2.0.0 taken")
        if said == "cut":
            self.transport.abort()
            return
        if said.startswith("250"):
            self.relay.taken.append((time.monotonic(), self.to, mail))
        self.say(said)

    def say(self, line: str) -> None:
        data = line.encode() + b"\r\n"
        for piece in [data[at : at + 1] for at in range(len(data))] if self.relay.pieces else [data]:
            self.transport.write(piece)
