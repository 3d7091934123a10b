"""What the config says of services and readers, as the record takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.model import Audience, Destination, Rules, Service, Weekly, Window


@dataclass(frozen=True, slots=True)
class Settings:
    """What the config says of services and readers."""

    services: Mapping[str, Service]
    rules: Mapping[str, Rules]
    audiences: tuple[Audience, ...]
    editable: frozenset[str]  # the channel kinds whose messages can be rewritten
    channels: Mapping[str, Service] = field(default_factory=dict)  # the kinds whose own health is watched, as services
    stand_ins: Mapping[str, str] = field(default_factory=dict)  # kind -> the service whose outage is that channel's too
    windows: tuple[Window, ...] = ()  # maintenance that the file announces ...
    weekly: tuple[Weekly, ...] = ()  # ... once, and again and again
    maintenance_before: timedelta = timedelta(hours=24)  # so long before it begins it is told
    holds: Mapping[str, timedelta] = field(default_factory=dict)  # how far apart two rounds of a service may be
    opened: frozenset[str] | None = None  # the kinds of channel that there are; None: nobody said
    admins: Audience | None = None  # who hears of dead channels and of places that refuse
    rooms: frozenset[Destination] = frozenset()  # the places that the file names: their people may ask
    public: bool = False  # anybody may ask, wherever they are

    @property
    def watched(self) -> Mapping[str, Service]:
        """All that rounds may come of, by id."""
        return {**self.services, **{service.id: service for service in self.channels.values()}}

    def found(self, moved: Mapping[Destination, Destination]) -> Settings:
        """With each place where it is now: `moved` says what the old ones are called."""
        audiences = tuple(_found(audience, moved) for audience in self.audiences)
        return replace(self, audiences=audiences, rooms=frozenset(moved.get(d, d) for d in self.rooms))


def _found(audience: Audience, moved: Mapping[Destination, Destination]) -> Audience:
    steps = tuple(replace(s, to=tuple(moved.get(d, d) for d in s.to)) for s in audience.escalations)
    return replace(audience, destinations=tuple(moved.get(d, d) for d in audience.destinations), escalations=steps)
