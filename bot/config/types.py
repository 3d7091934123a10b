"""Types of config values, with errors that say what was expected; and the shorthands that people write for them."""

from __future__ import annotations

import re
import unicodedata
from datetime import time, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from bot.config.database import database_url
from bot.config.schedule import cron
from bot.contracts import Check, Telling
from bot.model import OURSELVES, Confidence, Destination, clock, length, local_time
from bot.net import Network
from bot.watch.checks import HttpCheck, TcpCheck
from bot.wording.catalog import base, catalogs

ANYONE = frozenset({"anyone", "anybody", "everyone", "everybody"})
EXPECTED = "expected an address such as https://example.org, or settings with a kind of check"
SCHEMES = {"http": "http", "https": "http", "ws": "websocket", "wss": "websocket"}  # scheme -> kind of check


def one_or_many(value: Any) -> Any:
    """A single value as a list of it; nothing as an empty list."""
    if value is None:
        return ()
    return value if isinstance(value, list | tuple | set | frozenset) else (value,)


def some(value: Any) -> Any:
    """Likewise for names of services, of which "all" is none."""
    return value if value == "all" else one_or_many(value)


def services(value: Any) -> Any:
    """`github`, `[github, slack]` and `github:` with nothing behind it name services of the catalogue."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        return {name: {"service": name} for name in value}
    if isinstance(value, dict):
        return {key: {"service": key} if said is None else said for key, said in value.items()}
    return value


def service(value: Any) -> Any:
    """A service given as the address of its web site, or as its name in the catalogue."""
    if not isinstance(value, str):
        return value
    return {"routes": {"web": value}} if "://" in value else {"service": value}


def route(value: Any) -> Any:
    """A route given as its address, or without the kind of check that its address implies."""
    if isinstance(value, BaseModel):
        return value
    if isinstance(value, dict):
        if "kind" in value or not isinstance(value.get("url"), str):
            return value
        return {"kind": SCHEMES.get(value["url"].partition("://")[0].lower(), "http"), **value}
    if not isinstance(value, str):
        raise Telling(EXPECTED)
    scheme, _, rest = value.strip().partition("://")
    if kind := SCHEMES.get(scheme.lower()):
        return {"kind": kind, "url": value.strip()}
    host, _, port = rest.rpartition(":")
    if scheme.lower() == "tcp" and host and port.isdigit():
        return {"kind": "tcp", "host": host.strip("[]"), "port": int(port)}
    raise Telling(EXPECTED)


Strict = ConfigDict(defer_build=True, frozen=True, extra="forbid", arbitrary_types_allowed=True)

RESERVED = frozenset({OURSELVES, "all", "many"})  # "many" begins the thread of a batch
KEY = re.compile(r"[^\W_]([\w .+&'()!-]*[\w+!)])?")


def duration(value: Any) -> timedelta:
    """Parse "30s", "1h30m" or "14d". Raise Telling for anything else."""
    try:
        return value if isinstance(value, timedelta) else length(str(value))
    except ValueError as error:
        raise Telling(str(error)) from None


def _zone(name: str) -> str:
    if name not in local_time.zones().values():
        raise Telling('is no time zone; expected one such as "Europe/Madrid"')
    return name


def _language(code: str) -> str:
    if len(code) > 20 or base(code) not in catalogs():
        raise Telling(f"is no language that Tocsin speaks; expected one of {', '.join(sorted(catalogs()))}")
    catalogs()[base(code)]  # whether its file is right is found now rather than during an outage
    return code


def _listen(text: str) -> str:
    host, _, port = text.rpartition(":")
    numeric = port.isascii() and port.isdigit() and len(port) <= 5 and int(port) <= 65535
    if not numeric or not re.fullmatch(r"[\w.-]+|\[[0-9A-Fa-f:.%\w]+\]|[0-9A-Fa-f:]+", host) or len(host) > 253:
        raise ValueError('is no address to listen on; expected one such as "127.0.0.1:8080"')
    return text


def _public(url: str) -> str:
    if url:
        try:
            Network.prepare("GET", url)
        except ValueError:
            raise ValueError("expected an address such as https://status.example.org") from None
    return url


def _cron(when: str) -> str:
    cron(when, "UTC")
    return when


def _address(url: str) -> str:
    Network.prepare("GET", url)
    return url


def _key(text: str) -> str:
    """Validate the key of a service, which becomes part of commands, addresses and database rows."""
    _short(text)
    if text.casefold() in RESERVED:
        raise ValueError("is a name that Tocsin uses itself; call it something else")
    return text


def _short(text: str) -> str:
    """Validate the name of an audience or digest. "all" is allowed, as no command gives it another meaning there."""
    if len(text) > 60 or not KEY.fullmatch(text) or not text.isprintable():
        raise ValueError(
            "is no short name; expected at most 60 letters, digits, dots, - and _, such as mail or our-site"
        )
    return text


def _route(text: str) -> str:
    """Validate a route's name. It appears in the file, notices and the database, so it is accepted unchanged or not at
    all.
    """
    if _name(text) != text:
        raise ValueError("is no name of a route: it begins or ends with a space, or has several together")
    return text


def _name(text: str) -> str:
    """Validate a display name, which must have a visible character."""
    name = " ".join(text.split())
    if not any(unicodedata.category(letter)[0] in "LNPS" for letter in name):
        raise ValueError("is no name: nothing of it can be seen")
    return name


def _rooms(value: Any) -> tuple[Destination, ...] | Literal["anyone"]:
    """Parse rooms. A single place needs no list."""
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
    """A check for "https://one.example/" or "tcp://192.0.2.53:53". Raise ValueError for anything else."""
    try:
        if not text.startswith("tcp://"):
            return HttpCheck(url=text)
        host, _, port = text.removeprefix("tcp://").rpartition(":")
        return TcpCheck(host=host.strip("[]"), port=int(port))
    except ValueError:
        raise ValueError('is no canary; expected "https://one.example/" or "tcp://192.0.2.53:53"') from None


def _clock(value: Any) -> Any:
    try:
        return value if isinstance(value, time) else clock(str(value))
    except ValueError as error:
        raise Telling(str(error)) from None


Duration = Annotated[
    timedelta,
    PlainValidator(duration),
    PlainSerializer(str),
    WithJsonSchema({"type": "string", "examples": ["30s", "1h30m", "7d"]}),
]
ClockTime = Annotated[
    time,
    BeforeValidator(_clock),
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
PublicUrl = Annotated[str, StringConstraints(max_length=500), AfterValidator(_public)]
Database = Annotated[str, AfterValidator(database_url)]
Key = Annotated[str, AfterValidator(_key)]
NodeName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=40)]
Short = Annotated[str, AfterValidator(_short)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_name)]
RouteName = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_route)]
ShortText = Annotated[str, Field(max_length=200)]
Text = Annotated[str, Field(max_length=2000)]
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
Some = Annotated[
    tuple[str, ...] | Literal["all"],
    BeforeValidator(some, json_schema_input_type=list[str] | str),
]
Places = Annotated[tuple[Place, ...], BeforeValidator(one_or_many, json_schema_input_type=Place | list[Place])]
Canaries = Annotated[
    tuple[Canary, ...],
    Field(max_length=50),
    BeforeValidator(one_or_many, json_schema_input_type=Canary | list[Canary]),
]
