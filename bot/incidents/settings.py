"""Settings of services and readers, as the recorder needs them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot.incidents.places import OurPage
from bot.model import Audience, Destination, Digest, PlaceSettings, Rules, Service, Style, Subscription, Weekly, Window
from bot.notify.audiences import readers


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of services and readers."""

    services: Mapping[str, Service]
    rules: Mapping[str, Rules]
    audiences: tuple[Audience, ...]
    editable: frozenset[str]  # kinds of channel that can edit messages
    channels: Mapping[str, Service] = field(default_factory=dict)  # kinds whose own health is watched, as services
    stand_ins: Mapping[str, str] = field(default_factory=dict)  # kind -> the service whose outage is the channel's too
    windows: tuple[Window, ...] = ()  # maintenance from the config: single windows ...
    weekly: tuple[Weekly, ...] = ()  # ... and weekly ones
    maintenance_before: timedelta = timedelta(hours=24)  # how long before its start maintenance is announced
    holds: Mapping[str, timedelta] = field(default_factory=dict)  # longest gap between two rounds of a service
    opened: frozenset[str] | None = None  # open kinds of channel; None: unknown
    admins: Audience | None = None  # notified of dead channels and of destinations that refuse messages
    rooms: frozenset[Destination] = frozenset()  # places in the config: people there may use commands
    public: bool = False  # anybody may use commands, anywhere
    style: Style = field(default_factory=Style)  # of places for which nobody has set one
    digests: Mapping[str, Digest] = field(default_factory=dict)
    page: OurPage | None = None  # our page, if it can be reached from elsewhere
    watched: Mapping[str, Service] = field(init=False, repr=False, compare=False)  # all that can have rounds, by id

    def __post_init__(self) -> None:
        watched = {**self.services, **{service.id: service for service in self.channels.values()}}
        object.__setattr__(self, "watched", watched)  # made once: with thousands of them it takes a while

    @property
    def site(self) -> str:
        """The public address of our pages, without a final slash; empty: none."""
        return next((service.site for service in self.services.values()), "")

    @property
    def ladders(self) -> Mapping[str, Audience]:
        """The audiences that have a ladder, by name."""
        return {reader.name: reader for reader in self.audiences if reader.ladder}

    def readers(
        self, subscriptions: Sequence[Subscription], places: Mapping[Destination, PlaceSettings]
    ) -> tuple[Audience, ...]:
        """The audiences and these subscriptions, written to as people set it in `places`."""
        return readers(self.audiences, subscriptions, places, self.style)

    def found(self, moved: Mapping[Destination, Destination]) -> Settings:
        """The settings with present addresses: `moved` maps old ones to new ones."""
        audiences = tuple(_found(audience, moved) for audience in self.audiences)
        digests = {d.name: replace(d, to=tuple(moved.get(at, at) for at in d.to)) for d in self.digests.values()}
        return replace(self, audiences=audiences, digests=digests, rooms=frozenset(moved.get(d, d) for d in self.rooms))


def _found(audience: Audience, moved: Mapping[Destination, Destination]) -> Audience:
    steps = tuple(replace(s, to=tuple(moved.get(d, d) for d in s.to)) for s in audience.escalations)
    return replace(audience, destinations=tuple(moved.get(d, d) for d in audience.destinations), escalations=steps)
