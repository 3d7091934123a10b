"""The config file, checked; reads files and the environment."""

from __future__ import annotations

import logging
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, Field, ValidationError, create_model

from bot.channels import AnyChannel
from bot.config.loader import ConfigError, Document, Problem, _models, read, secret_keys
from bot.config.mail import MailConfig, placed
from bot.config.maintenance import MaintenanceConfig
from bot.config.problems import contradictions, problems
from bot.config.schedule import cron
from bot.config.services import Defaults, EscalationConfig, QuietConfig, ServiceConfig, Services, unfit_places
from bot.config.types import (
    Canaries,
    Clock,
    Confident,
    Cron,
    Database,
    Duration,
    Header,
    Language,
    Listen,
    NodeName,
    Places,
    PublicUrl,
    Rooms,
    Short,
    ShortText,
    Some,
    Strict,
    Timezone,
    Url,
    canary,
    duration,
    one_or_many,
)
from bot.config.witnesses import PlaceName, Quorum, WitnessConfig
from bot.contracts import ChannelSettings, between
from bot.model import (
    Audience,
    Confidence,
    Destination,
    Digest,
    PlaceSettings,
    Service,
    Style,
    SubscriptionFilter,
    Topic,
    bare_address,
    delivering,
    for_people,
)
from bot.watch.checks import AnyCheck
from bot.watch.sources import AnyTracker
from bot.watch.sources.trackers import Tracker
from bot.wording.catalog import CatalogError

__all__ = ["Config", "ConfigError", "Defaults", "ServiceConfig", "canary", "cron", "examine", "load", "schema"]

log = logging.getLogger(__name__)

MOST = 200  # contradictions that are reported at most


class Web(BaseModel):
    model_config = Strict
    listen: Listen = "127.0.0.1:8080"
    public_url: PublicUrl = ""
    title: ShortText = "Status"
    reports: bool = False
    trust_proxy: Header | None = None

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)

    @property
    def url(self) -> str:
        """The page's address as far as known, without a final slash."""
        return (self.public_url or f"http://{self.listen}").rstrip("/")


class Cluster(BaseModel):
    model_config = Strict
    node: NodeName | None = None


class Heartbeat(BaseModel):
    model_config = Strict
    url: Url
    every: Annotated[Duration, between("1s", "1d")] = duration("60s")


class AudienceConfig(BaseModel):
    model_config = Strict
    ladder: Places = ()
    broadcast: Places = ()
    within: Annotated[Duration, between("0.1s", "1d")] = duration("60s")
    services: Some = "all"
    hears: frozenset[Topic] = frozenset(Topic)
    confidence: Confident = Confidence.CONFIRMED
    for_at_least: Annotated[Duration, between("0s", "7d")] = duration("0s")
    quiet: QuietConfig | None = None
    escalate: Annotated[
        tuple[EscalationConfig, ...],
        BeforeValidator(one_or_many, json_schema_input_type=EscalationConfig | list[EscalationConfig]),
    ] = ()
    language: Language | None = None
    timezone: Timezone | None = None
    clock: Clock | None = None


class DigestConfig(BaseModel):
    model_config = Strict
    to: Annotated[Places, Field(min_length=1)]
    when: Cron
    title: ShortText = ""
    covers: Annotated[Duration, between("1m", "400d")] | None = None
    services: Some = "all"
    attach: tuple[Literal["csv", "ics"], ...] = ()
    language: Language | None = None
    timezone: Timezone | None = None
    clock: Clock | None = None


def _bare(value: Any) -> Any:
    """Treat an empty `console:` like `console: {}`."""
    return {} if value is None else value


KINDS: tuple[type[ChannelSettings], ...] = get_args(AnyChannel)
Channels = create_model(
    "Channels",
    __config__=Strict,
    **{k.model_fields["kind"].default: (Annotated[k | None, BeforeValidator(_bare)], None) for k in KINDS},  # type: ignore[attr-defined,call-overload] # the union is the list of kinds
)

TRACKERS: dict[str, type[Tracker]] = {t.model_fields["kind"].default: t for t in get_args(get_args(AnyTracker)[0])}
Trackers = create_model(
    "Trackers",
    __config__=Strict,
    **{kind: (Annotated[t.Settings | None, BeforeValidator(_bare)], None) for kind, t in TRACKERS.items()},  # type: ignore[call-overload] # likewise
)

ADMINS = "tocsin:admins"  # name of the admins' audience; a subscription's is its destination


class Config(BaseModel):
    model_config = Strict
    language: Language = "en"
    timezone: Timezone = "UTC"
    clock: Clock | None = None
    database: Database = "sqlite:///tocsin.db"
    cluster: Cluster = Cluster()
    web: Web = Web()
    heartbeat: Heartbeat | None = None
    canaries: Canaries = ()
    admins: frozenset[str] = frozenset()
    rooms: Rooms = ()
    defaults: Defaults = Defaults()
    services: Services
    trackers: Trackers = Trackers()  # likewise
    channels: Channels = Channels()  # a model made above from the union of channels
    audiences: dict[Short, AudienceConfig] = {}
    digests: dict[Short, DigestConfig] = {}
    mail: MailConfig = MailConfig()
    maintenance: Annotated[
        tuple[MaintenanceConfig, ...],
        BeforeValidator(one_or_many, json_schema_input_type=MaintenanceConfig | list[MaintenanceConfig]),
    ] = ()
    maintenance_before: Annotated[Duration, between("0s", "7d")] = duration("24h")
    location: PlaceName | None = None
    witnesses: Annotated[dict[Short, WitnessConfig], Field(max_length=50)] = {}
    quorum: Quorum = "majority"

    def style(self, own: AudienceConfig | DigestConfig | None = None) -> Style:
        """Style of a destination: its own settings, then the general ones."""
        return Style(
            (own and own.language) or self.language,
            (own and own.timezone) or self.timezone,
            (own and own.clock) or self.clock or "",
        )

    def service(self, key: str) -> Service:
        said = self.services[key]
        return Service(
            key,
            said.name or key,
            tuple(said.routes),
            said.plan,
            self._shares(said),
            status_page=for_people(bare_address(said.official.url)) if said.official else "",
            site=self.web.public_url.rstrip("/"),
        )

    def _shares(self, said: ServiceConfig) -> tuple[str, ...]:
        """Possible shared causes: services it depends on, and hosts of its routes."""
        depends = [f"on:{self.services[other].name or other}" for other in said.depends_on]
        hosts = dict.fromkeys(host for check in said.routes.values() if (host := _host(check)))
        return (*depends, *(f"at:{host}" for host in hosts))

    def tracking(self, kind: str) -> BaseModel | None:
        """Settings of a kind of tracker; None if required ones are missing."""
        said: BaseModel | None = getattr(self.trackers, kind)
        usual = TRACKERS[kind].Settings
        return said or (None if any(f.is_required() for f in usual.model_fields.values()) else usual())

    def opened_channels(self) -> dict[str, ChannelSettings]:
        """The configured channels, by kind."""
        return {kind: s for kind in type(self.channels).model_fields if (s := getattr(self.channels, kind)) is not None}

    @classmethod
    def channel_kinds(cls) -> dict[str, type[ChannelSettings]]:
        """All kinds of channel, configured or not."""
        return {kind.model_fields["kind"].default: kind for kind in KINDS}  # type: ignore[attr-defined] # as above

    def readers(self) -> tuple[Audience, ...]:
        """The audiences, in the form that `notify` takes."""
        return tuple(self._audience(name, said) for name, said in self.audiences.items())

    def hooks(self) -> dict[str, str]:
        """Webhook tokens of official pages, by service."""
        pages = {key: said.official.webhook_token for key, said in self.services.items() if said.official}
        return {key: token.get_secret_value() for key, token in pages.items() if token}

    def watched_channels(self) -> dict[str, ChannelSettings]:
        """Configured channels whose provider can be probed."""
        return {kind: settings for kind, settings in self.opened_channels().items() if settings.lives}

    def own_rooms(self) -> frozenset[Destination]:
        """The places in the config, where people may therefore use commands."""
        named = () if self.rooms == "anyone" else self.rooms
        digests = (place for said in self.digests.values() for place in said.to)
        readers = (place for audience in self.readers() for place in audience.places)
        return frozenset((*named, *digests, *readers))

    def all_digests(self) -> dict[str, Digest]:
        """The digests, in the form that the commands and the scheduler take."""
        return {
            name: Digest(
                name,
                said.when,
                tuple(dict.fromkeys(said.to)),
                some(said.services),
                PlaceSettings(said.language or "", said.timezone or "", said.clock or ""),
                said.covers,
                said.title,
                said.attach,
            )
            for name, said in self.digests.items()
        }

    def admins_audience(self) -> Audience | None:
        """The reachable admins as an audience that gets only notices about channels."""
        opened = self.opened_channels()
        places = dict.fromkeys(at for who in sorted(self.admins) if (at := _reached(who)).kind in opened)
        # Without corrections, as notices of our own outages go to all who want those: this audience is only for
        # channels.
        wish = SubscriptionFilter(tuple(map(delivering, opened)), frozenset(Topic) - {Topic.CORRECTION})
        return Audience(ADMINS, tuple(places), wish, style=self.style()) if places else None

    def _audience(self, name: str, said: AudienceConfig) -> Audience:
        quiet = said.quiet.quiet() if said.quiet else None
        return Audience(
            name,
            said.ladder or said.broadcast,
            SubscriptionFilter(some(said.services), said.hears, said.confidence, said.for_at_least),
            bool(said.ladder),
            said.within,
            tuple(step.escalation() for step in said.escalate),
            style=self.style(said),
            quiet=quiet,
            fixed=PlaceSettings(said.language or "", said.timezone or "", said.clock or "", quiet),
        )


def _host(check: AnyCheck) -> str | None:
    """The host of a route; None for kinds without one."""
    url = getattr(check, "url", None)
    return urlsplit(url).hostname if url else getattr(check, "host", None)


def _reached(admin: str) -> Destination:
    """The destination of messages to a person: Slack's is like a channel's, Discord's has a mark."""
    kind, _, person = admin.partition(":")
    match kind:
        case "slack":
            return Destination(kind, person.rpartition("/")[2])
        case "discord":
            return Destination(kind, f"@{person}")
        case _:
            return Destination(kind, person)


def some(services: Some) -> tuple[str, ...]:
    return () if services == "all" else tuple(services)


def load(path: Path, *, secrets: bool = True) -> Config:
    """Read and check a config file. Raise only ConfigError, with all problems and their lines. Thread-safe.
    `secrets=False`: for commands that open no channel, ignore secrets that this shell or user cannot read.
    """
    config, exposed = examine(path, secrets=secrets)
    # For the daemon, which has a log; `check` prints this itself, and other commands print only their answer.
    for line in exposed if secrets and logging.root.hasHandlers() else ():
        log.warning("%s", line)
    return config


def examine(path: Path, *, secrets: bool = True) -> tuple[Config, list[str]]:
    """`load`, with warnings: files with secrets that others can read."""
    document = Document(path, None)
    try:
        document = read(path, Config)
        config = _understood(document, secrets=secrets)
    except (ConfigError, CatalogError):
        raise
    except Exception as error:  # whatever a file contains, its reader must go on
        log.debug("a config that nothing here expects", exc_info=True)
        what = f"cannot be understood ({type(error).__name__}); compare it with config.example.yaml"
        raise ConfigError(document, [Problem((), what)]) from None
    document.locate(problem.where for problem in document.open_to_others)
    return config, [f"{path}:{document.place(p.where)[0]}: {p.path}: {p.what}" for p in document.open_to_others]


def _understood(document: Document, *, secrets: bool) -> Config:
    if not secrets:
        document.problems.clear()
    try:
        config = Config.model_validate(placed(document.tree, document.path.parent))
    except ValidationError as error:
        raise ConfigError(document, [*document.problems, *problems(error, Config)]) from None
    found = [*document.problems, *islice(contradictions(config), MOST)]
    if secrets:
        # Where a variable has no value, only that is reported.
        said = {problem.where for problem in document.problems}
        found += islice((problem for problem in unfit_places(config) if problem.where not in said), MOST)
    if found:
        raise ConfigError(document, found)
    return config


def schema() -> dict[str, Any]:
    """The JSON Schema of the config, for editors. Each secret may be given by the path of a file instead."""
    made = Config.model_json_schema()
    for model in set(_models(Config)):
        part = made["$defs"].get(model.__name__, {})
        needed = part.get("required", [])
        for key in secret_keys(model):
            part["properties"][f"{key}_file"] = {"type": "string", "description": f"a file that holds the {key}"}
            if key in needed:
                part.setdefault("allOf", []).append({"anyOf": [{"required": [key]}, {"required": [f"{key}_file"]}]})
        part["required"] = [key for key in needed if key not in set(secret_keys(model))]
    return made
