"""Does a port take connections?"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from bot.contracts import Cause, Net, Trouble
from bot.model import Outcome, Reading

# They tell of us, not of the service.
BLIND = frozenset({Cause.RESOLVER, Cause.OURS, Cause.GUARDED})


class TcpCheck(BaseModel):
    """Good when a connection comes about."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["tcp"] = "tcp"
    host: Annotated[str, StringConstraints(pattern=r"^[^\s/@]+$", max_length=253)]
    port: Annotated[int, Field(ge=1, le=65535)]

    async def look(self, route: str, net: Net, timeout: timedelta, *, doubt: bool) -> Reading:
        """As in `contracts.Check`; nothing is ever reused."""
        seen = await net.connect(self.host, self.port, timeout=timeout)
        if isinstance(seen, Trouble):
            outcome = Outcome.BLIND if seen.cause in BLIND else Outcome.BAD
            return Reading(route, outcome, seen.why, seen.took)
        return Reading(route, Outcome.GOOD, took=seen.took)
