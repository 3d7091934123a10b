"""Quiet hours and escalations of an audience."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from bot.config.types import ClockTime, Duration, Places
from bot.contracts import between
from bot.model import Escalation, Quiet, Topic


class QuietConfig(BaseModel):
    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")
    start: Annotated[ClockTime, Field(alias="from")]
    end: Annotated[ClockTime, Field(alias="to")]
    but: Annotated[frozenset[Topic], Field(alias="except")] = frozenset()

    def quiet(self) -> Quiet:
        return Quiet(self.start, self.end, self.but)


class EscalationConfig(BaseModel):
    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")
    after: Annotated[Duration, between("0s", "30d")]
    to: Annotated[Places, Field(min_length=1)]

    def escalation(self) -> Escalation:
        return Escalation(self.after, self.to)
