"""The kinds of values in a config, each with what was expected where one is wrong."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Annotated, Any, Literal

from apscheduler.triggers.cron import CronTrigger
from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from bot.config.reading import duration
from bot.contracts import Check
from bot.model import Confidence, Destination, clock
from bot.net import Network
from bot.tell import hours
from bot.tell.phrases import CATALOGUES
from bot.watch.checks import HttpCheck, TcpCheck

ANYONE = frozenset({"anyone", "anybody", "everyone", "everybody"})
Strict = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


def _zone(name: str) -> str:
    if name not in hours.zones().values():
        raise ValueError('is no time zone; expected one such as "Europe/Madrid"')
    return name


def _language(code: str) -> str:
    if code.replace("_", "-").partition("-")[0].lower() not in CATALOGUES:
        raise ValueError(f"is no language that Tocsin speaks; expected one of {', '.join(sorted(CATALOGUES))}")
    return code


def _listen(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise ValueError('is no address to listen on; expected one such as "127.0.0.1:8080"')
    return text


def _cron(when: str) -> str:
    cron(when, "UTC")
    return when


def _address(url: str) -> str:
    Network.prepare("GET", url)
    return url


def _within_a_week(length: timedelta) -> timedelta:
    if length > timedelta(days=7):
        raise ValueError("is longer than a week")
    return length


def _rooms(value: Any) -> tuple[Destination, ...] | Literal["anyone"]:
    """One place needs no list around it."""
    if isinstance(value, str) and value.strip().casefold() in ANYONE:
        return "anyone"
    said = (value,) if isinstance(value, str | Destination) else () if value is None else value
    if not isinstance(said, list | tuple):
        raise ValueError('expected a list of places such as telegram:-100123, or "anyone"')  # noqa: TRY004
    return tuple(place if isinstance(place, Destination) else Destination.parse(str(place)) for place in said)


def _canary(text: str) -> str:
    canary(text)
    return text


def canary(text: str) -> Check:
    """ "https://one.example/" or "tcp://192.0.2.53:53" as a check. Raise ValueError, in words, for anything else."""
    try:
        if not text.startswith("tcp://"):
            return HttpCheck(url=text)
        host, _, port = text.removeprefix("tcp://").rpartition(":")
        return TcpCheck(host=host.strip("[]"), port=int(port))
    except ValueError:
        raise ValueError('is no canary; expected "https://one.example/" or "tcp://192.0.2.53:53"') from None


def cron(when: str, timezone: str) -> CronTrigger:
    """ "mon-fri 08:00" as a trigger in that zone. Raise ValueError, in words, for anything else."""
    days, _, time = when.rpartition(" ")
    hour, _, minute = time.partition(":")
    try:
        return CronTrigger(day_of_week=days or "*", hour=int(hour), minute=int(minute), timezone=timezone)
    except ValueError:
        raise ValueError('is no time of the week; expected one such as "mon-fri 08:00" or "08:00"') from None


Duration = Annotated[
    Any,
    PlainValidator(duration),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["30s", "1h30m", "7d"]}),
]
Ahead = Annotated[Duration, AfterValidator(_within_a_week)]
ClockTime = Annotated[
    time,
    BeforeValidator(lambda value: value if isinstance(value, time) else clock(str(value))),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["22:00"]}),
]
Place = Annotated[
    Destination,
    BeforeValidator(lambda v: v if isinstance(v, Destination) else Destination.parse(str(v))),
    WithJsonSchema({"type": "string", "examples": ["slack:C012", "email:desk@example.org"]}),
]
Confident = Annotated[
    Confidence,
    BeforeValidator(
        lambda v: Confidence[v.upper()] if isinstance(v, str) and v.upper() in Confidence.__members__ else v
    ),
    WithJsonSchema({"enum": ["possible", "likely", "confirmed"]}),
]
Header = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,60}$")]
Timezone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[str, AfterValidator(_language)]
Listen = Annotated[str, AfterValidator(_listen)]
Cron = Annotated[str, AfterValidator(_cron)]
Url = Annotated[str, AfterValidator(_address)]
Canary = Annotated[str, AfterValidator(_canary)]
Rooms = Annotated[
    tuple[Destination, ...] | Literal["anyone"],
    PlainValidator(_rooms),
    WithJsonSchema(
        {"anyOf": [{"const": "anyone"}, {"type": "array", "items": {"type": "string"}}], "examples": ["anyone"]}
    ),
]
Clock = Literal["12h", "24h"]
Some = tuple[str, ...] | Literal["all"]
