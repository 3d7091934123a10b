"""Maintenance announced in the config: once, or weekly."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema, model_validator

from bot.config.schedule import week_time
from bot.config.types import Duration, ShortText, Some
from bot.contracts import Telling, between
from bot.judge.maintenance import in_file
from bot.model import Weekly, Window, local_time

YEARS = range(2000, 2101)  # near the ends of the calendar a time cannot be converted to other zones


def _moment(value: Any) -> Any:
    """Parse "2026-12-01T22:00", with a zone of its own or in the config's."""
    try:
        found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        raise Telling('is no point in time; expected one such as "2026-12-01T22:00"') from None
    if found.year not in YEARS:
        raise Telling(f"is in no year that counts; expected one from {YEARS[0]} to {YEARS[-1]}")
    return found


def _often(value: Any) -> Any:
    """Parse days and a time: "sun 03:00", "mon-fri 03:00", "sat,sun 03:00" or "03:00"."""
    return value if isinstance(value, tuple) else week_time(str(value))


Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["2026-12-01T22:00"]}),
]
Often = Annotated[
    Any, BeforeValidator(_often), PlainSerializer(str), WithJsonSchema({"type": "string", "examples": ["sun 03:00"]})
]


class MaintenanceConfig(BaseModel):
    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")
    service: str | None = None
    services: Some | None = None
    since: Annotated[Moment | None, Field(alias="from")] = None
    until: Moment | None = None
    every: Often | None = None
    lasts: Annotated[Annotated[Duration, between("1s", "7d")] | None, Field(alias="for")] = None
    note: ShortText = ""

    @model_validator(mode="after")
    def _whole(self) -> MaintenanceConfig:
        if (self.service is None) == (self.services is None):
            raise ValueError("needs either a service, or services")
        if (self.since is None) == (self.every is None):
            raise ValueError("needs either from (once), or every (each week)")
        if (self.until is None) == (self.lasts is None) or (self.every and self.until):
            raise ValueError("needs either until, or for (a length; with every always that)")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Services concerned; empty for all."""
        said = self.services if self.services is not None else (str(self.service),)
        return () if said == "all" else tuple(said)

    def window(self, zone: str) -> Window | None:
        """The single window, or None if it is weekly."""
        if self.since is None:
            return None
        since, until = self.span(zone)
        return in_file(self.names, since, until, self.note)

    def span(self, zone: str) -> tuple[datetime, datetime]:
        if self.since is None:
            raise ValueError("comes every week")
        since = _instant(self.since, zone)
        return since, _instant(self.until, zone) if self.until else since + (self.lasts or timedelta(0))

    def weekly(self, zone: str) -> Weekly | None:
        if not self.every:
            return None
        days, at = self.every
        return Weekly(self.names, days, at, self.lasts or timedelta(0), zone, self.note)


def _instant(said: datetime, zone: str) -> datetime:
    if said.tzinfo:
        return said.astimezone(UTC)
    wall = time(said.hour, said.minute)
    return local_time.reached(wall, said.date(), ZoneInfo(zone)) + timedelta(seconds=said.second)
