"""What is wrong with a config: pydantic's errors, as lines that a person can act on, without possible secrets; and
contradictions between values that are valid by themselves.
"""

from __future__ import annotations

import difflib
import operator
from collections.abc import Collection, Iterator
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ValidationError

from bot.config.loader import LINES, Problem, _hiding, _models
from bot.config.parsing import Location
from bot.config.redaction import name_shown, value_shown
from bot.config.types import Some
from bot.config.witnesses import witness_problems
from bot.contracts import Telling
from bot.model import Destination, delivering
from bot.watch.checks import HeartbeatCheck

if TYPE_CHECKING:
    from bot.config import AudienceConfig, Config


# Types of errors whose values are numbers or known words.
OPEN = (
    "int_",
    "float_",
    "bool_",
    "finite_number",
    "greater_than",
    "less_than",
    "literal_error",
    "enum",
    "union_tag_invalid",
)
LONGEST = 500  # characters of one line
KEYS, LIST, NUMBER = "expected keys with their values", "expected a list", "is no number"
# What pydantic says of a value of the wrong shape, in the words of the file.
SHAPES = {
    "dict_type": KEYS,
    "model_type": KEYS,
    "model_attributes_type": KEYS,
    "list_type": LIST,
    "tuple_type": LIST,
    "set_type": LIST,
    "frozen_set_type": LIST,
    "string_type": "expected text; put it in quotes",
    "bool_type": "is neither true nor false",
    "bool_parsing": "is neither true nor false",
    "int_type": "is no whole number",
    "int_parsing": "is no whole number",
    "int_from_float": "is no whole number",
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "too_short": "expected at least {min_length}",
    "too_long": "expected at most {max_length}, there are {actual_length}",
}
TALKS = ("slack", "discord", "telegram")  # where people can write to us


SHOWN = 20  # names in one line


def problems(error: ValidationError, model: type[BaseModel]) -> Iterator[Problem]:
    """The problems to report. Their number is bounded, as nobody reads a thousand."""
    hidden = frozenset(_hiding(model))
    known = frozenset(f.alias or name for part in _models(model) for name, f in part.model_fields.items())
    for found in islice(error.errors(include_url=False), 2 * LINES):
        what = " ".join(_in_words(dict(found), hidden, known).split())[:LONGEST]
        yield Problem(_without_tags(tuple(found["loc"])), what, found["type"] == "extra_forbidden")


def _without_tags(where: Location) -> Location:
    """The location without parts that are not keys of the file: pydantic adds the union member it tried ("http",
    "tuple[str, ...]") and "[key]" for a map's key.
    """
    tagged = len(where) > 4 and where[0] == "services" and where[2] in {"routes", "trackers"}
    plain = (part for number, part in enumerate(where) if not (tagged and number == 4))
    return tuple(part for part in plain if not (isinstance(part, str) and ("[" in part and part.endswith("]"))))


def _in_words(found: dict[str, Any], hidden: frozenset[str], known: frozenset[str]) -> str:
    context, key = found.get("ctx", {}), str(found["loc"][-1])
    secret = not hidden.isdisjoint(map(str, found["loc"]))
    fault = context.get("error")
    is_open = not secret and (found["type"].startswith(OPEN) or isinstance(fault, Telling))
    match found["type"]:
        case "extra_forbidden":
            near = difflib.get_close_matches(key[:40], known, 1)
            return "unknown key" + (
                f'; did you mean "{near[0]}"?' if near else "; see config.example.yaml for those there are"
            )
        case "missing":
            return "is missing"
        case "union_tag_invalid":
            tag = value_shown(context["tag"]) if is_open else ""
            return f"{tag}is no kind; expected one of {context['expected_tags']}".replace("'", '"')
        case "union_tag_not_found":
            return "kind is missing"
        case "value_error":
            what = str(fault)
        case shape if shape in SHAPES:
            what = SHAPES[shape].format(**context)
        case _:
            what = found["msg"].replace("Input should", "should").replace("String should", "should").replace("'", '"')
    given = found["input"]
    if isinstance(given, str) and len(given) > 2 and not is_open:
        what = what.replace(f'"{given}" ', "").replace(given, "…")
    return (value_shown(given) if is_open else "") + what


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
