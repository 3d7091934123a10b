"""The tcp check: a port takes connections."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.contracts import Net, Trouble
from bot.model import Outcome, Reading

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
