"""Settings of an audience: quiet hours, escalations, and destinations that a channel can never write to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field

from bot.config.loader import Problem
from bot.config.parsing import Location
from bot.config.types import ClockTime, Duration, Places
from bot.contracts import ChannelSettings, between
from bot.model import Destination, Escalation, Quiet, Topic

if TYPE_CHECKING:
    from bot.config import Config


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


def all_places(config: Config) -> Iterator[tuple[Location, Destination]]:
    """All destinations in the config with their locations, except rooms and admins."""
    for name, audience in config.audiences.items():
        at: Location = ("audiences", name)
        for way in ("ladder", "broadcast"):
            yield from (((*at, way, number), place) for number, place in enumerate(getattr(audience, way)))
        for step, escalation in enumerate(audience.escalate):
            yield from (((*at, "escalate", step, "to", number), place) for number, place in enumerate(escalation.to))
    for name, digest in config.digests.items():
        yield from ((("digests", name, "to", number), place) for number, place in enumerate(digest.to))


def unfit_places(config: Config) -> Iterator[Problem]:
    """Problems of destinations on configured channels; others are reported elsewhere."""
    opened = config.opened_channels()
    rooms = () if config.rooms == "anyone" else config.rooms
    asking: list[tuple[Location, Destination]] = [(("rooms", number), room) for number, room in enumerate(rooms)]
    for where, place in (*all_places(config), *asking):
        settings = opened.get(place.kind)
        if settings and (why := settings.place_problem(place.place)):
            yield Problem(where, why)
    kinds: dict[str, type[ChannelSettings]] = config.channel_kinds()
    for number, admin in enumerate(config.admins):
        kind, _, person = admin.partition(":")
        if kind in kinds and (why := kinds[kind].person_problem(person)):
            yield Problem(("admins", number), why)
