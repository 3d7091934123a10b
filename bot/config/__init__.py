"""YAML -> frozen, checked `Config`. The only reader of files and of the environment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from zoneinfo import available_timezones

from apscheduler.triggers.cron import CronTrigger
from babel.core import Locale, UnknownLocaleError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationError,
    WithJsonSchema,
    create_model,
)

from bot.config.reading import ConfigError, Location, Problem, duration, problems, read
from bot.contracts import ChannelSettings, Check
from bot.model import OURSELVES, Audience, Confidence, Destination, Hears, Rules, Service, Style, Wish
from bot.net import Network
from bot.tell.channels import AnyChannel
from bot.watch.checks import AnyCheck, HttpCheck, TcpCheck
from bot.watch.sources import AnySource

__all__ = ["Config", "ConfigError", "load", "schema"]

Strict = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError('is no time zone; expected one such as "Europe/Madrid"')
    return name


def _language(code: str) -> str:
    try:
        Locale.parse(code.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        raise ValueError('is no language; expected a code such as "en" or "es"') from None
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
Timezone = Annotated[str, AfterValidator(_zone)]
Language = Annotated[str, AfterValidator(_language)]
Clock = Literal["12h", "24h"]
Some = tuple[str, ...] | Literal["all"]


class Web(BaseModel):
    model_config = Strict
    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:8080"
    public_url: str = ""
    title: str = "Status"

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


class Heartbeat(BaseModel):
    model_config = Strict
    url: Annotated[str, AfterValidator(_address)]
    every: Duration = duration("60s")


class Defaults(BaseModel):
    """How services are watched; each key may stand in a service too."""

    model_config = Strict
    every: Duration = duration("30s")
    timeout: Duration = duration("10s")
    confirm_every: Duration = duration("10s")
    confirm_rounds: Annotated[int, Field(ge=1, le=100)] = 2
    restore_rounds: Annotated[int, Field(ge=1, le=100)] = 2
    slow_after: Duration = duration("5s")
    remind_every: tuple[Duration, ...] = (duration("30m"), duration("2h"), duration("6h"))

    def rules(self) -> Rules:
        return Rules(self.confirm_rounds, self.restore_rounds, self.remind_every)


class ServiceConfig(BaseModel):
    model_config = Strict
    name: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    routes: Annotated[dict[str, AnyCheck], Field(min_length=1)]
    official: AnySource | None = None
    plan: str = ""
    every: Duration = None
    timeout: Duration = None
    confirm_every: Duration = None
    confirm_rounds: Annotated[int, Field(ge=1, le=100)] | None = None
    restore_rounds: Annotated[int, Field(ge=1, le=100)] | None = None
    slow_after: Duration = None
    remind_every: tuple[Duration, ...] | None = None

    def watching(self, defaults: Defaults) -> Defaults:
        """The defaults with what this service says otherwise."""
        own = {k: v for k in Defaults.model_fields if (v := getattr(self, k)) is not None}
        return defaults.model_copy(update=own)


class AudienceConfig(BaseModel):
    model_config = Strict
    ladder: tuple[Place, ...] = ()
    broadcast: tuple[Place, ...] = ()
    within: Duration = duration("60s")
    services: Some = "all"
    hears: frozenset[Hears] = frozenset(Hears)
    confidence: Confident = Confidence.CONFIRMED
    language: Language | None = None
    timezone: Timezone | None = None
    clock: Clock | None = None


class DigestConfig(BaseModel):
    model_config = Strict
    to: Annotated[tuple[Place, ...], Field(min_length=1)]
    when: Annotated[str, AfterValidator(_cron)]
    covers: Duration = duration("24h")
    services: Some = "all"
    language: Language | None = None
    timezone: Timezone | None = None
    clock: Clock | None = None


KINDS: tuple[type[ChannelSettings], ...] = get_args(AnyChannel)
Channels = create_model(
    "Channels",
    __config__=Strict,
    **{k.model_fields["kind"].default: (k | None, None) for k in KINDS},  # type: ignore[attr-defined,call-overload] # the union is the list of kinds
)


class Config(BaseModel):
    model_config = Strict
    language: Language = "en"
    timezone: Timezone = "UTC"
    clock: Clock | None = None
    database: Annotated[str, Field(pattern=r"^(sqlite|postgresql)://")] = "sqlite:///tocsin.db"
    web: Web = Web()
    heartbeat: Heartbeat | None = None
    canaries: tuple[Annotated[str, AfterValidator(_canary)], ...] = ()
    admins: frozenset[str] = frozenset()
    defaults: Defaults = Defaults()
    services: Annotated[dict[str, ServiceConfig], Field(min_length=1)]
    channels: Channels = Channels()  # made above, of the union
    audiences: dict[str, AudienceConfig] = {}
    digests: dict[str, DigestConfig] = {}

    def style(self, own: AudienceConfig | DigestConfig | None = None) -> Style:
        """How a place is written to: its own wishes first, then ours."""
        return Style(
            (own and own.language) or self.language,
            (own and own.timezone) or self.timezone,
            (own and own.clock) or self.clock or "",
        )

    def service(self, key: str) -> Service:
        said = self.services[key]
        return Service(key, said.name or key, tuple(said.routes), said.plan)

    def opened_channels(self) -> dict[str, ChannelSettings]:
        """The channels that are configured, by kind."""
        return {kind: s for kind in type(self.channels).model_fields if (s := getattr(self.channels, kind)) is not None}

    def readers(self) -> tuple[Audience, ...]:
        """The audiences as the judge's house knows them."""
        return tuple(self._audience(name, said) for name, said in self.audiences.items())

    def _audience(self, name: str, said: AudienceConfig) -> Audience:
        wish = Wish(some(said.services), said.hears, said.confidence, self.style(said))
        return Audience(name, said.ladder or said.broadcast, wish, bool(said.ladder), said.within)


def some(services: Some) -> tuple[str, ...]:
    return () if services == "all" else tuple(services)


def load(path: Path) -> Config:
    """Read and check a config file. Raise ConfigError with every problem, each with its line, when anything is wrong."""
    document = read(path, Config)
    try:
        config = Config.model_validate(document.tree)
    except ValidationError as error:
        raise ConfigError(document, [*document.problems, *problems(error, Config)]) from None
    found = [*document.problems, *_contradictions(config)]
    if found:
        raise ConfigError(document, found)
    return config


def schema() -> dict[str, Any]:
    """The JSON Schema of the file, for editors."""
    return Config.model_json_schema()


def _contradictions(config: Config) -> Iterator[Problem]:
    """What each value alone does not show."""
    if OURSELVES in config.services:
        yield Problem(("services", OURSELVES), "is the name of Tocsin itself; call the service something else")
    for name, audience in config.audiences.items():
        at: Location = ("audiences", name)
        if bool(audience.ladder) == bool(audience.broadcast):
            yield Problem(at, "needs either a ladder (one of these) or a broadcast list (all of these)")
        yield from _unknown_services(config, audience.services, at)
        for way in ("ladder", "broadcast"):
            yield from _unknown_channels(config, getattr(audience, way), (*at, way))
    for name, digest in config.digests.items():
        yield from _unknown_services(config, digest.services, ("digests", name))
        yield from _unknown_channels(config, digest.to, ("digests", name, "to"))
    for number, admin in enumerate(config.admins):
        if ":" not in admin:
            yield Problem(("admins", number), f'"{admin}" is nobody; expected one such as "slack:T01/U01"')


def _unknown_services(config: Config, services: Some, at: Location) -> Iterator[Problem]:
    for number, service in enumerate(some(services)):
        if service not in config.services:
            known = ", ".join(config.services)
            yield Problem((*at, "services", number), f'there is no service "{service}"; expected one of {known}')


def _unknown_channels(config: Config, places: tuple[Destination, ...], at: Location) -> Iterator[Problem]:
    opened = config.opened_channels()
    for number, place in enumerate(places):
        if place.kind not in opened:
            known = ", ".join(opened) or "none"
            yield Problem((*at, number), f'channel "{place.kind}" is not set up under channels (set up: {known})')
