"""A `Net` for addresses that strangers name."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.contracts import Answer, Connected, Echoed, Family, Found, Net, Record, Starttls, Trouble

CAP = 256 * 1024


class Guarded:
    """A `Net` that never connects to an internal address."""

    def __init__(self, net: Net) -> None:
        self._net = net

    def prepare(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        *,
        family: Family | None = None,
    ) -> object:
        return self._net.prepare(method, url, headers, content, family=family)

    async def fetch(
        self,
        prepared: object,
        *,
        timeout: timedelta,
        cap: int = CAP,
        redirects: int = 0,
        fresh: bool = False,
        guarded: bool = True,
        inward: bool = False,
    ) -> Answer | Trouble:
        return await self._net.fetch(prepared, timeout=timeout, cap=cap, redirects=redirects, fresh=fresh, guarded=True)

    async def connect(self, host: str, port: int, *, timeout: timedelta, guarded: bool = True) -> Connected | Trouble:
        return await self._net.connect(host, port, timeout=timeout, guarded=True)

    async def handshake(
        self,
        host: str,
        port: int,
        *,
        timeout: timedelta,
        name: str = "",
        starttls: Starttls | None = None,
        guarded: bool = True,
    ) -> Connected | Trouble:
        return await self._net.handshake(host, port, timeout=timeout, name=name, starttls=starttls, guarded=True)

    async def greet(
        self, host: str, port: int, *, timeout: timedelta, secure: bool = False, guarded: bool = True
    ) -> Connected | Trouble:
        return await self._net.greet(host, port, timeout=timeout, secure=secure, guarded=True)

    async def query(
        self, name: str, kind: Record, *, timeout: timedelta, server: str = "", guarded: bool = True
    ) -> Found | Trouble:
        return await self._net.query(name, kind, timeout=timeout, server=server, guarded=True)

    async def ping(self, host: str, *, timeout: timedelta, packets: int = 3, guarded: bool = True) -> Echoed | Trouble:
        return await self._net.ping(host, timeout=timeout, packets=packets, guarded=True)
