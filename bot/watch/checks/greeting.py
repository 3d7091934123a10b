"""The greeting check, for servers that speak first: SMTP ("220"), IMAP ("* OK"), POP3 ("+OK"), SSH ("SSH-2.0"), FTP
("220").
"""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from bot.contracts import Net, Trouble
from bot.model import Outcome, Reading, Reason, ReasonCode
from bot.watch.checks.tcp import Host, Port

SHOWN = 60  # characters of the greeting


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
