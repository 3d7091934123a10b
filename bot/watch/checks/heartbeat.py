"""The heartbeat check, for jobs that call us. It sends nothing: the calls are in `bot.watch.heartbeats`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, SecretStr

from bot.contracts import Check, Length, Net, between
from bot.model import Outcome, Reading, Reason

SHORTEST = 12  # characters of a token: whoever guesses it can report the job as well
SAFE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~")


def _safe(token: SecretStr) -> SecretStr:
    text = token.get_secret_value()
    if len(text) < SHORTEST or not SAFE.issuperset(text):
        raise ValueError(
            f"expected {SHORTEST} or more letters, digits, dots, - and _, such as `openssl rand -hex 16` gives"
        )
    return token


Silence = Annotated[Length, between("1s", "400d")]


class HeartbeatCheck(BaseModel):
    """Good while the job calls at least every `every`, and its runs succeed; `grace` allows for delays and long runs."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Literal["heartbeat"] = "heartbeat"
    every: Silence
    grace: Silence = timedelta(hours=1)
    token: Annotated[SecretStr, AfterValidator(_safe)] | None = None  # of its address; None: one is made and stored

    def bound(self, trouble: Callable[[], Reason | None]) -> Check:
        """The check itself. `trouble` returns the job's fault, None if there is none."""
        return _Bound(trouble)


@dataclass(frozen=True)
class _Bound:
    trouble: Callable[[], Reason | None]
    kind: str = "heartbeat"

    async def run(self, route: str, net: Net, timeout: timedelta, *, fresh: bool) -> Reading:
        """As in `contracts.Check`; sends nothing."""
        why = self.trouble()
        return Reading(route, Outcome.FAILED if why else Outcome.OK, why)
