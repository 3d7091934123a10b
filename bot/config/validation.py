"""Contradictions between values of the config that are valid by themselves."""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING

from bot.config.loader import Problem
from bot.config.parsing import Location
from bot.config.redaction import name_shown
from bot.config.types import Some
from bot.config.witnesses import witness_problems
from bot.model import Destination, delivering
from bot.watch.checks import HeartbeatCheck

if TYPE_CHECKING:
    from bot.config import AudienceConfig, Config

TALKS = ("slack", "discord", "telegram")  # where people can write to us


SHOWN = 20  # names in one line


def contradictions(config: Config) -> Iterator[Problem]:
    """All contradictions between values."""
    for name in config.services.keys() & set(map(delivering, type(config.channels).model_fields)):
        yield Problem(("services", name), "is the name of a channel's own health; call the service something else")
    for key, service in config.services.items():
        for number, other in enumerate(service.depends_on):
            yield from _unknown_service(config, other, ("services", key, "depends_on", number))
    yield from _shared_tokens(config)
    for kind, channel in config.opened_channels().items():
        if channel.watch is not None:
            yield from _unknown_service(config, channel.watch, ("channels", kind, "watch"))
    for name, audience in config.audiences.items():
        at: Location = ("audiences", name)
        if bool(audience.ladder) == bool(audience.broadcast):
            yield Problem(at, "needs either a ladder (one of these) or a broadcast list (all of these)")
        yield from _unknown_services(config, audience.services, at, *map(delivering, config.watched_channels()))
        for way in ("ladder", "broadcast"):
            yield from _unknown_channels(config, getattr(audience, way), (*at, way))
        yield from _untimely(config, audience, at)
    for name, digest in config.digests.items():
        yield from _unknown_services(config, digest.services, ("digests", name))
        yield from _unknown_channels(config, digest.to, ("digests", name, "to"))
    yield from _witnesses(config)
    yield from _deaf_rooms(config)
    yield from _without_account(config)
    yield from _ill_planned(config)
    yield from _nobody(config)


def _witnesses(config: Config) -> Iterator[Problem]:
    for name, witness in config.witnesses.items():
        yield from _unknown_services(config, witness.services, ("witnesses", name))
    yield from witness_problems(config)


def _deaf_rooms(config: Config) -> Iterator[Problem]:
    places = () if config.rooms == "anyone" else config.rooms
    yield from _unknown_channels(config, places, ("rooms",))
    for number, place in enumerate(places):
        if place.kind in config.opened_channels() and place.kind not in TALKS:
            what = f'"{place.kind}" hears nobody; expected a place on {", ".join(TALKS)}, or "anyone"'
            yield Problem(("rooms", number), what)


def _without_account(config: Config) -> Iterator[Problem]:
    for key, service in config.services.items():
        for number, tracker in enumerate(service.trackers):
            if config.tracking(tracker.kind) is None:
                what = f"{tracker.kind} needs an account: set trackers.{tracker.kind} beside services"
                yield Problem(("services", key, "trackers", number), what)


def _ill_planned(config: Config) -> Iterator[Problem]:
    for number, plan in enumerate(config.maintenance):
        at: Location = ("maintenance", number)
        if plan.service:
            yield from _unknown_service(config, plan.service, (*at, "service"))
        elif plan.services:
            yield from _unknown_services(config, plan.services, at)
        if plan.since and operator.ge(*plan.span(config.timezone)):
            yield Problem((*at, "until"), "is not after from, by the clocks of its zone")


def _shared_tokens(config: Config) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    for key, service in config.services.items():
        for route, check in service.routes.items():
            if isinstance(check, HeartbeatCheck) and check.token:
                first = seen.setdefault(check.token.get_secret_value(), f"services.{key}.routes.{route}")
                if first != f"services.{key}.routes.{route}":
                    what = f"is also that of {first}; each job needs one of its own"
                    yield Problem(("services", key, "routes", route, "token"), what)


def _nobody(config: Config) -> Iterator[Problem]:
    for number, admin in enumerate(config.admins):
        if admin.partition(":")[0] not in config.channel_kinds():
            yield Problem(("admins", number), 'is nobody; expected one such as "slack:T01/U01"')


def _untimely(config: Config, audience: AudienceConfig, at: Location) -> Iterator[Problem]:
    if audience.quiet and audience.quiet.start == audience.quiet.end:
        yield Problem((*at, "quiet"), "begins and ends at the same time; leave it out to be told at any")
    for number, step in enumerate(audience.escalate):
        yield from _unknown_channels(config, step.to, (*at, "escalate", number, "to"))
        if step.after < audience.for_at_least:
            what = "is sooner than for_at_least: by then the audience itself has not heard of it"
            yield Problem((*at, "escalate", number, "after"), what)


def _unknown_services(config: Config, services: Some, at: Location, *more: str) -> Iterator[Problem]:
    for number, service in enumerate(services if services != "all" else ()):
        if service not in more:
            yield from _unknown_service(config, service, (*at, "services", number))


def _unknown_service(config: Config, service: str, at: Location) -> Iterator[Problem]:
    if service not in config.services:
        named = name_shown(service)
        near = get_close_matches(service[:60], config.services, 1) if len(config.services) > SHOWN else ()
        what = f'did you mean "{near[0]}"?' if near else f"expected one of {_few(config.services)}"
        yield Problem(at, f"there is no {f'service {named.strip()}' if named else 'such service'}; {what}")


def _unknown_channels(config: Config, places: tuple[Destination, ...], at: Location) -> Iterator[Problem]:
    opened = config.opened_channels()
    for number, place in enumerate(places):
        if place.kind not in opened:
            known = ", ".join(opened) or "none"
            named = f'channel "{place.kind}"' if place.kind in config.channel_kinds() else "such a channel"
            yield Problem((*at, number), f"{named} is not set up under channels (set up: {known})")


def _few(names: Collection[str]) -> str:
    more = f" and {len(names) - SHOWN:,} more" if len(names) > SHOWN else ""
    return ", ".join(islice(names, SHOWN)) + more
