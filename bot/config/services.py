"""Settings of services and of audiences."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    model_validator,
)

from bot.config.loader import Problem
from bot.config.parsing import Location
from bot.config.types import (
    ClockTime,
    Duration,
    Key,
    Name,
    Places,
    RouteName,
    Strict,
    Text,
    duration,
    one_or_many,
    route,
    service,
    services,
)
from bot.contracts import ChannelSettings, Telling, between
from bot.model import Destination, Escalation, Quiet, Rules, Topic
from bot.watch.checks import AnyCheck
from bot.watch.sources import AnySource, AnyTracker

if TYPE_CHECKING:
    from bot.config import Config


def filled(said: Any) -> Any:
    """Add the keys of the catalogue's entry; the config's own keys replace them. An unknown service is returned
    unchanged.
    """
    if not isinstance(said, dict) or not isinstance(said.get("service"), str):
        return said
    from bot import catalogue  # noqa: PLC0415 # only if a config names a service of it

    entry = catalogue.find(said["service"])
    return entry.keys | said if entry else said


@lru_cache(maxsize=256)
def _near(name: str) -> str:
    from bot import catalogue  # noqa: PLC0415 # as above

    return " or ".join(f'"{one}"' for one in catalogue.near(name))


def known(name: str) -> str:
    """Raise Telling if the name is not in the catalogue."""
    from bot import catalogue  # noqa: PLC0415 # as above

    if catalogue.find(name) is None:
        near = _near(name)
        raise Telling(
            "is not in the catalogue; " + (f"did you mean {near}?" if near else "`tocsin services` lists what is")
        )
    return name


# Bounds of sensible values: smaller ones would flood a service or tell nothing, larger ones would miss outages.
Every = Annotated[Duration, between("0.1s", "7d")]
Timeout = Annotated[Duration, between("0.1s", "5m")]
ConfirmEvery = Annotated[Duration, between("0.1s", "1d")]
Rounds = Annotated[int, Field(ge=1, le=100)]
SlowAfter = Annotated[Duration, between("0.01s", "5m")]
Reminders = Annotated[tuple[Annotated[Duration, between("1s", "30d")], ...], Field(max_length=50)]

Route = Annotated[AnyCheck, BeforeValidator(route, json_schema_input_type=AnyCheck | str)]


class Defaults(BaseModel):
    """How services are watched. A service may override each key."""

    model_config = Strict
    every: Every = duration("30s")
    timeout: Timeout = duration("10s")
    confirm_every: ConfirmEvery = duration("10s")
    confirm_rounds: Rounds = 2
    restore_rounds: Rounds = 2
    slow_after: SlowAfter = duration("5s")
    remind_every: Reminders = (duration("30m"), duration("2h"), duration("6h"))

    def rules(self) -> Rules:
        return Rules(self.confirm_rounds, self.restore_rounds, self.remind_every)


class ServiceConfig(BaseModel):
    """A service. `service` is its name in the catalogue, which supplies the keys left out here."""

    model_config = Strict | {"json_schema_extra": {"anyOf": [{"required": ["routes"]}, {"required": ["service"]}]}}
    service: Annotated[str, StringConstraints(max_length=100), AfterValidator(known)] | None = None
    name: Name | None = None
    routes: Annotated[dict[RouteName, Route], Field(min_length=1, max_length=200)] = {}
    official: AnySource | None = None
    trackers: Annotated[
        tuple[AnyTracker, ...],
        Field(max_length=20),
        BeforeValidator(one_or_many, json_schema_input_type=AnyTracker | list[AnyTracker]),
    ] = ()
    plan: Text = ""
    depends_on: Annotated[tuple[str, ...], BeforeValidator(one_or_many, json_schema_input_type=str | list[str])] = ()
    every: Every | None = None
    timeout: Timeout | None = None
    confirm_every: ConfirmEvery | None = None
    confirm_rounds: Rounds | None = None
    restore_rounds: Rounds | None = None
    slow_after: SlowAfter | None = None
    remind_every: Reminders | None = None

    @model_validator(mode="before")
    @classmethod
    def _filled(cls, said: Any) -> Any:
        return filled(service(said))

    @model_validator(mode="after")
    def _looked_at(self) -> ServiceConfig:
        if not self.routes:
            raise ValueError("needs routes, or service: a name of the catalogue (`tocsin services` lists them)")
        return self

    def watching(self, defaults: Defaults) -> Defaults:
        """The defaults with this service's overrides."""
        own = {k: v for k in Defaults.model_fields if (v := getattr(self, k)) is not None}
        return defaults.model_copy(update=own)


SLICE = 1000  # services


def _in_slices(said: Any, checked: ValidatorFunctionWrapHandler) -> dict[str, ServiceConfig]:
    """Check the services some at a time, and stop where some are wrong: nobody reads a hundred thousand mistakes."""
    if not isinstance(said, dict) or len(said) <= SLICE:
        return dict(checked(said))
    rows, known = iter(said.items()), dict[str, ServiceConfig]()
    while part := dict(islice(rows, SLICE)):
        known |= checked(part)
    return known


Services = Annotated[
    dict[Key, ServiceConfig],
    Field(min_length=1),
    WrapValidator(_in_slices),
    BeforeValidator(services, json_schema_input_type=dict[Key, ServiceConfig | str | None] | list[Key] | Key),
]


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
