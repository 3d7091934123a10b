"""The network client, which implements `contracts.Net`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Self, TypeVar

from bot.contracts import Answer, Cause, Connected, Echoed, Family, Found, Record, Starttls, Trouble
from bot.model import Reason, ReasonCode
from bot.net.address_guard import INNER, inner
from bot.net.connection import Connection
from bot.net.dns import DnsClient, Resolver, split
from bot.net.errors import Trip, TroubleError
from bot.net.probes import LineConversation, ask_for_tls, echo
from bot.net.request import Cookies, Prepared, prepare, redirected, with_cookies
from bot.net.response import Reply
from bot.net.transport import Transport, Wire

Seen = TypeVar("Seen")

CAP = 256 * 1024
INWARD = Reason.of(ReasonCode.REDIRECTS_INWARD)
MOVED = frozenset({301, 302, 303, 307, 308})


class Network:
    """`contracts.Net`, open within `async with`.

    `ca_file` is trusted besides the system's authorities; `resolver` replaces the system's; `source` is the address of
    ours that checks come from, where there are several.
    """

    def __init__(
        self, ca_file: str | Path | None = None, resolver: DnsClient | None = None, *, source: str | None = None
    ) -> None:
        self._source = source
        self._ca_file = ca_file
        self._own = Resolver(source=source)
        self._names = resolver or self._own
        self._transport: Transport | None = None

    async def __aenter__(self) -> Self:
        self._transport = Transport(self._names, self._ca_file, self._source)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None
        await self._own.close()
        await asyncio.sleep(0)  # connections are closed in the loop's next step, which may be its last

    @staticmethod
    def prepare(
        method: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        *,
        family: Family | None = None,
    ) -> Prepared:
        """A request for `fetch`. Without content it is cached, so that preparing it again costs nothing.

        Raise ValueError, without the URL, if it cannot be sent.
        """
        return prepare(method, url, headers, content, family=family)

    async def fetch(
        self,
        prepared: Prepared,
        *,
        timeout: timedelta,
        cap: int = CAP,
        redirects: int = 0,
        fresh: bool = False,
        guarded: bool = False,
        inward: bool = False,
    ) -> Answer | Trouble:
        """As in `contracts.Net`. With `redirects=0` a redirect is the response."""
        net, seconds = self._open, timeout.total_seconds()
        trip = Trip(asyncio.get_running_loop().time() + seconds)
        limit = net.wheel.limit(seconds)
        try:
            with limit:
                reply, wire = await net.ask(prepared, trip, cap=cap, fresh=fresh, guarded=guarded)
                if not (redirects and reply.location and reply.status in MOVED):
                    return _answer(prepared, trip, reply, wire)
                hops = _Hops(redirects, fresh=fresh, guarded=guarded, inward=inward)
                return await self._follow(prepared, (reply, wire), trip, cap, hops)
        except (OSError, TroubleError) as error:
            return trip.overdue(timeout) if limit.expired else trip.failed(error)

    async def connect(self, host: str, port: int, *, timeout: timedelta, guarded: bool = False) -> Connected | Trouble:
        """As in `contracts.Net`, like all methods below."""

        async def work(trip: Trip) -> Connected:
            async with self._open.sockets.one(trip):
                with closing(await self._open.dial(host, port, trip, guarded=guarded, make=Connection)):
                    return Connected(trip.took)

        return await self._within(timeout, work)

    async def handshake(
        self,
        host: str,
        port: int,
        *,
        timeout: timedelta,
        name: str = "",
        starttls: Starttls | None = None,
        guarded: bool = False,
    ) -> Connected | Trouble:
        async def work(trip: Trip) -> Connected:
            async with self._open.sockets.one(trip):
                with closing(await self._open.dial(host, port, trip, guarded=guarded, make=LineConversation)) as talk:
                    if starttls is not None:
                        await ask_for_tls(talk, starttls, trip)
                    await self._open.secure(talk, name or host, trip)
                    return Connected(trip.took, talk.certificate_until)

        return await self._within(timeout, work)

    async def greet(
        self, host: str, port: int, *, timeout: timedelta, secure: bool = False, guarded: bool = False
    ) -> Connected | Trouble:
        async def work(trip: Trip) -> Connected:
            async with self._open.sockets.one(trip):
                with closing(await self._open.dial(host, port, trip, guarded=guarded, make=LineConversation)) as talk:
                    if secure:
                        await self._open.secure(talk, host, trip)
                    line = await talk.line(trip)
                    return Connected(trip.took, talk.certificate_until, line)

        return await self._within(timeout, work)

    async def query(
        self, name: str, kind: Record, *, timeout: timedelta, server: str = "", guarded: bool = False
    ) -> Found | Trouble:
        async def work(trip: Trip) -> Found:
            host, port = split(server)
            at = (await self._open.reachable(host, trip, guarded=guarded))[0] if host else ""
            trip.enter("dns" if not host else "wait")
            records = await self._names.records(name, kind, at and f"[{at}]:{port}")
            if guarded and any(inner(record) for record in records if kind in {"A", "AAAA"}):
                raise TroubleError(Cause.GUARDED, INNER)
            return Found(records, trip.took)

        return await self._within(timeout, work)

    async def ping(self, host: str, *, timeout: timedelta, packets: int = 3, guarded: bool = False) -> Echoed | Trouble:
        async def work(trip: Trip) -> Echoed:
            address = (await self._open.reachable(host, trip, guarded=guarded))[0]
            trip.enter("wait")
            return await echo(address, packets, trip.until, self._source)

        return await self._within(timeout, work)

    async def _follow(self, prepared: Prepared, seen: tuple[Reply, Wire], trip: Trip, cap: int, hops: _Hops) -> Answer:
        """Follow redirects from the first one, `seen`."""
        reply, wire = seen
        for _ in range(hops.most):
            hops.note(prepared, reply, public=not hops.guarded and self._open.public(wire))
            prepared = with_cookies(redirected(prepared, reply.status, reply.location), hops.cookies)
            try:
                reply, wire = await self._open.ask(prepared, trip, cap=cap, fresh=hops.fresh, guarded=hops.guarded)
            except TroubleError as error:
                raise hops.explained(error) from None
            if not (reply.location and reply.status in MOVED):
                return _answer(prepared, trip, reply, wire)
        raise TroubleError(Cause.REDIRECTS, Reason.of(ReasonCode.REDIRECTS_TOO_OFTEN, count=hops.most))

    async def _within(self, timeout: timedelta, work: Callable[[Trip], Awaitable[Seen]]) -> Seen | Trouble:
        seconds = timeout.total_seconds()
        trip = Trip(asyncio.get_running_loop().time() + seconds)
        limit = self._open.wheel.limit(seconds)
        try:
            with limit:
                return await work(trip)
        except (OSError, TroubleError) as error:
            return trip.overdue(timeout) if limit.expired else trip.failed(error)

    @property
    def _open(self) -> Transport:
        if self._transport is None:
            raise RuntimeError("the network is not open: use it within `async with`")
        return self._transport


class _Hops:
    """The redirects of one fetch: how far they are followed, and the state kept between hops."""

    __slots__ = ("_been_out", "_inward", "cookies", "fresh", "guarded", "most")

    def __init__(self, most: int, *, fresh: bool, guarded: bool, inward: bool) -> None:
        self.most = most
        self.fresh = fresh
        self.guarded = guarded
        self.cookies = Cookies()
        self._inward = inward
        self._been_out = False  # guarded only because of a redirect

    def note(self, asked: Prepared, reply: Reply, *, public: bool) -> None:
        """Once outside, no redirect leads inward: it comes from the far side, not from the config."""
        if public and not self._inward:
            self.guarded = self._been_out = True
        if reply.cookies:
            self.cookies.take(asked.url, reply.cookies)

    def explained(self, error: TroubleError) -> TroubleError:
        if self._been_out and error.cause is Cause.GUARDED:
            return TroubleError(Cause.GUARDED, INWARD)
        return error


def _answer(prepared: Prepared, trip: Trip, reply: Reply, wire: Wire) -> Answer:
    return Answer(
        status=reply.status,
        headers=reply.headers,
        body=bytes(reply.body),
        url=prepared.address,
        took=trip.took,
        phases=trip.phases,
        reused=trip.reused,
        cut=reply.cut,
        certificate_until=wire.certificate_until,
        unread=reply.unread,
    )
