"""The tls check: a port speaks TLS with a valid certificate."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict

from bot.contracts import Length, Net, Starttls, Trouble, between
from bot.model import Reading
from bot.watch.checks import readings
from bot.watch.checks.tcp import Host, Port


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
        return readings.of_certificate(route, seen.certificate_until, self.expires_in, seen.took)
