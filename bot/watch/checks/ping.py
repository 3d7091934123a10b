"""The ping check: ICMP echo requests."""

from __future__ import annotations

from datetime import timedelta
from importlib.util import find_spec
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from bot.contracts import Net, Trouble
from bot.model import Outcome, Reading, Reason, ReasonCode
from bot.watch.checks.tcp import Host


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
