"""Checks below HTTP: a name's records, a port, TLS on it, a server's greeting, and echo requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from importlib.util import find_spec
from ipaddress import ip_address
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

from bot.contracts import Length, Net, Record, Starttls, Trouble, between
from bot.model import Outcome, Reading, Reason, ReasonCode
from bot.net.dns import split
from bot.watch.checks import expectations
from bot.watch.checks.expectations import Phrase, listed

SHOWN = 60  # characters of the greeting
RECORDS_SHOWN = 3  # records
LAST_COUNTS = frozenset({"CAA", "MX", "SRV"})  # "mail.example.org" is found in "10 mail.example.org"


# Also of the other checks of a host.
Host = Annotated[str, StringConstraints(pattern=r"^[^\s/@]+$", max_length=253)]
Port = Annotated[int, Field(ge=1, le=65535)]


class TcpCheck(BaseModel):
    """Good when a connection is made."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    kind: Literal["tcp"] = "tcp"
    host: Host
    port: Port

    async def run(self, route: str, net: Net, timeout: timedelta, *, fresh: bool) -> Reading:
        """As in `contracts.Check`; every connection is new."""
        seen = await net.connect(self.host, self.port, timeout=timeout)
        return seen.reading(route) if isinstance(seen, Trouble) else Reading(route, Outcome.OK, took=seen.took)


class TlsCheck(BaseModel):
    """Good when the handshake succeeds and the certificate is trusted for `name` and does not expire within
    `expires_in`.
    """

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    kind: Literal["tls"] = "tls"
    host: Host
    port: Port = 443
    name: Host | None = None
    expires_in: Annotated[Length, between("1s", "3650d")] | None = timedelta(days=14)
    starttls: Starttls | None = None

    async def run(self, route: str, net: Net, timeout: timedelta, *, fresh: bool) -> Reading:
        """As in `contracts.Check`; every handshake is new."""
        seen = await net.handshake(self.host, self.port, name=self.name or "", starttls=self.starttls, timeout=timeout)
        if isinstance(seen, Trouble):
            return seen.reading(route)
        return expectations.of_certificate(route, seen.certificate_until, self.expires_in, seen.took)


class GreetingCheck(BaseModel):
    """Good when the first line begins as expected."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    kind: Literal["greeting"] = "greeting"
    host: Host
    port: Port
    tls: bool = False
    expect: str = ""

    async def run(self, route: str, net: Net, timeout: timedelta, *, fresh: bool) -> Reading:
        """As in `contracts.Check`; every connection is new."""
        seen = await net.greet(self.host, self.port, secure=self.tls, timeout=timeout)
        if isinstance(seen, Trouble):
            return seen.reading(route)
        if not seen.line.startswith(self.expect):
            why = Reason.of(ReasonCode.GREETING_DIFFERS, line=seen.line[:SHOWN], wanted=self.expect)
            return Reading(route, Outcome.FAILED, why, seen.took)
        return Reading(route, Outcome.OK, took=seen.took)


class PingCheck(BaseModel):
    """Good when at most `max_loss` percent of the packets stay unanswered. The reading's time is their average."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    kind: Literal["ping"] = "ping"
    host: Host
    packets: Annotated[int, Field(ge=1, le=20)] = 3
    max_loss: Annotated[int, Field(ge=0, le=99)] = 50

    async def run(self, route: str, net: Net, timeout: timedelta, *, fresh: bool) -> Reading:
        """As in `contracts.Check`."""
        seen = await net.ping(self.host, packets=self.packets, timeout=timeout)
        if isinstance(seen, Trouble):
            return seen.reading(route)
        lost = seen.sent - seen.received
        if lost * 100 > self.max_loss * seen.sent:
            some = Reason.of(ReasonCode.PINGS_LOST, lost=lost, count=seen.sent)
            return Reading(route, Outcome.FAILED, some if seen.received else Reason.of(ReasonCode.NO_PING), seen.took)
        return Reading(route, Outcome.OK, took=seen.took)

    @model_validator(mode="after")
    def _can_ping(self) -> Self:
        if find_spec("icmplib") is None:
            raise ValueError('to ping, Tocsin needs its extra: pip install "tocsin[ping]"; or use kind: tcp')
        return self


class DnsCheck(BaseModel):
    """Good when the name has records of the type, including all expected ones."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    kind: Literal["dns"] = "dns"
    name: Annotated[str, StringConstraints(pattern=r"^[^\s/@:]+$", max_length=253)]
    type: Record = "A"
    expect: Annotated[tuple[Phrase, ...], BeforeValidator(listed, json_schema_input_type=Phrase | list[Phrase])] = ()
    server: Host | None = None

    async def run(self, route: str, net: Net, timeout: timedelta, *, fresh: bool) -> Reading:
        """As in `contracts.Check`; nothing is cached."""
        seen = await net.query(self.name, self.type, server=self.server or "", timeout=timeout)
        if isinstance(seen, Trouble):
            return seen.reading(route)
        known = {self._plain(record) for record in seen.records}
        if self.type in LAST_COUNTS:
            known |= {record.rpartition(" ")[2] for record in known}
        lacking = [value for value in self.expect if self._plain(value) not in known]
        if lacking:
            return Reading(route, Outcome.FAILED, self._differs(seen.records, lacking[0]), seen.took)
        return Reading(route, Outcome.OK, took=seen.took)

    def _differs(self, records: Sequence[str], wanted: str) -> Reason:
        found, more = ", ".join(records[:RECORDS_SHOWN]), len(records) - RECORDS_SHOWN
        if more > 0:
            return Reason.of(ReasonCode.RECORDS_DIFFER, record=self.type, found=found, count=more, wanted=wanted)
        return Reason.of(ReasonCode.RECORD_DIFFERS, record=self.type, found=found, wanted=wanted)

    @field_validator("server")
    @classmethod
    def _has_a_port(cls, server: str | None) -> str | None:
        if server is not None:
            split(server)
        return server

    def _plain(self, record: str) -> str:
        """The form in which records are compared: case and the last dot of a name are ignored, a TXT is not changed."""
        if self.type == "TXT":
            return record
        if self.type in {"A", "AAAA"}:
            try:
                return str(ip_address(record))
            except ValueError:
                return record
        return record.lower().rstrip(".")
