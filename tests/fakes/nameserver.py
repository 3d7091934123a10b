"""A DNS server on 127.0.0.1 that knows what it is told, over UDP."""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from typing import Self

NOERROR, SERVFAIL, NXDOMAIN, REFUSED = 0, 2, 3, 5
SILENCE = None
KINDS = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28, "SRV": 33, "CAA": 257}
Answer = list[tuple[str, bytes]] | int | None


def name(text: str) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode() for part in text.rstrip(".").split(".") if part) + b"\0"


def address(text: str) -> bytes:
    return ipaddress.ip_address(text).packed


def text(*parts: str) -> bytes:
    return b"".join(bytes([len(part)]) + part.encode() for part in parts)


class NameServer(asyncio.DatagramProtocol):
    """`zone`: name -> its records (kind, data), a response code, or SILENCE. What is not in it does not exist."""

    def __init__(self, zone: dict[str, Answer] | None = None) -> None:
        self.zone: dict[str, Answer] = {".": [("NS", name("a.root"))]} | (zone or {})
        self.asked: list[str] = []
        self.callers: list[str] = []
        self.ttl = 60  # seconds

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, ("127.0.0.1", 0))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._transport.close()

    @property
    def address(self) -> str:
        return "{}:{}".format(*self._transport.get_extra_info("sockname"))

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        labels, at = [], 12
        while size := data[at]:
            labels.append(data[at + 1 : at + 1 + size].decode().lower())
            at += size + 1
        asked, question = ".".join(labels) or ".", data[12 : at + 5]
        kind = struct.unpack("!H", data[at + 1 : at + 3])[0]
        self.asked.append(asked)
        self.callers.append(addr[0])
        answer = self.zone.get(asked, NXDOMAIN)
        if answer is SILENCE:
            return
        code, records = (answer, []) if isinstance(answer, int) else (NOERROR, answer)
        told = [(k, rdata) for k, rdata in records if KINDS[k] == kind or k == "CNAME"]
        head = data[:2] + struct.pack("!5H", 0x8180 | code, 1, len(told), 0, 0)
        rows = (b"\xc0\x0c" + struct.pack("!HHIH", KINDS[k], 1, self.ttl, len(rdata)) + rdata for k, rdata in told)
        self._transport.sendto(head + question + b"".join(rows), addr)
