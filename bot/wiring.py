"""Builds the arguments of the parts from the config."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, TypeVar, cast

from bot import __version__, wording
from bot.config import TRACKERS, Config, canary
from bot.contracts import Check, Source
from bot.incidents.settings import OurPage, Settings
from bot.judge.uptime import hold
from bot.model import Audience, Rules, Service, delivering
from bot.notify import routing
from bot.store import NodeFacts, StoreUnavailable, open_store
from bot.watch.canaries import ROUTES, ways
from bot.watch.checks import AnyCheck, HeartbeatCheck
from bot.watch.heartbeats import HeartbeatRegistry
from bot.watch.rounds import Watched
from bot.watch.witness.assignment import given
from bot.watch.witness.registry import Member, WitnessRegistry

if TYPE_CHECKING:
    from bot.delivery.outbox import Outbox
    from bot.web.witness import Witnesses

T = TypeVar("T")

SHOWN = 10  # services in one line
CHANNEL_EVERY = timedelta(seconds=60)  # longest time between two checks of a channel's provider


def setting(config: Config, former: Settings | None = None) -> Settings:
    """The recorder's settings: services, readers and maintenance. What equals the `former` ones is taken from them."""
    opened, measured, readers = config.opened_channels(), config.watched_channels(), config.readers()
    return Settings(
        kept(former.services if former else {}, ((key, config.service(key)) for key in config.services)),
        kept(former.rules if former else {}, _rules(config, readers)),
        readers,
        frozenset(kind for kind, settings in opened.items() if settings.edits),
        channels={kind: wording.channel_service(kind, ROUTES, config.language) for kind in measured},
        stand_ins={kind: settings.watch for kind, settings in opened.items() if settings.watch},
        windows=tuple(window for plan in config.maintenance if (window := plan.window(config.timezone))),
        weekly=tuple(weekly for plan in config.maintenance if (weekly := plan.weekly(config.timezone))),
        maintenance_before=config.maintenance_before,
        digests=config.all_digests(),
        page=OurPage(config.web.url, config.web.title) if config.web.public_url else None,
        holds=kept(former.holds if former else {}, _holds(config)),
        opened=frozenset(opened),
        admins=config.admins_audience(),
        rooms=config.own_rooms(),
        public=config.rooms == "anyone",
        style=config.style(),
    )


def kept(former: Mapping[str, T], made: Iterable[tuple[str, T]]) -> dict[str, T]:
    """The entries, with the former ones where they are equal. `made` is gone through one by one, so that a config with
    thousands of services does not take its memory twice.
    """
    return {key: old if (old := former.get(key)) == new else new for key, new in made}


def _rules(config: Config, readers: Sequence[Audience]) -> Iterator[tuple[str, Rules]]:
    shared = dict[Rules, Rules]()  # most services have the same
    for key, said in config.services.items():
        own = replace(said.watching(config.defaults).rules(), milestones=routing.milestones(readers, key))
        yield key, shared.setdefault(own, own)
    for kind in config.watched_channels():
        yield delivering(kind), replace(config.defaults.rules(), chained=True)


def node_facts(config: Config) -> NodeFacts:
    """What this node tells the others of itself. What may differ from node to node is left out of the hash; secrets are
    masked in it.
    """
    if config.database.startswith("sqlite:"):
        return NodeFacts(config.cluster.node or "", __version__)  # nobody shares it, and the hash takes a while
    own: dict[str, Any] = {"cluster": True, "location": True, "web": {"listen"}, "services": True}
    made = blake2b(repr(_ordered(config.model_dump(exclude=own, warnings=False))).encode(), digest_size=8)
    for key, said in config.services.items():  # one at a time: to dump all of them holds up everything for a second
        made.update(repr((key, _ordered(said.model_dump(warnings=False)))).encode())
    return NodeFacts(config.cluster.node or "", __version__, made.hexdigest())


def _ordered(value: Any) -> Any:
    """The same for equal settings in each process: sets have another order in each."""
    match value:
        case Mapping():
            return [(str(key), _ordered(value[key])) for key in value]
        case frozenset() | set():
            return sorted(map(str, value))
        case list() | tuple():
            return [_ordered(one) for one in value]
        case _:
            return str(value)


def _holds(config: Config) -> Iterator[tuple[str, timedelta]]:
    for key, said in config.services.items():
        how = said.watching(config.defaults)
        yield key, hold(how.every, how.timeout)
    for kind in config.watched_channels():
        yield delivering(kind), hold(_channel_every(config), config.defaults.timeout)


def _channel_every(config: Config) -> timedelta:
    every: timedelta = config.defaults.every
    return min(CHANNEL_EVERY, 2 * every)


def watched(config: Config, board: HeartbeatRegistry, services: Mapping[str, Service]) -> Iterator[Watched]:
    """What to check, and how often: `services`, as the recorder has them. Heartbeat routes get their state from `board`."""
    joined = trackers(config)
    for key, said in config.services.items():
        how = said.watching(config.defaults)
        seldom = tuple(joined[one] for one in said.trackers if one.in_doubt)
        others = tuple(joined[one] for one in said.trackers if not one.in_doubt)
        yield Watched(
            services[key],
            _bound(said.routes, key, board),
            (*((said.official,) if said.official else ()), *others),
            how.every,
            how.timeout,
            how.confirm_every,
            how.slow_after,
            seldom,
        )


def trackers(config: Config) -> Mapping[Any, Source]:
    """A source for each entry of a service's `trackers`; shared ones are made once for all services."""
    said = [entry for service in config.services.values() for entry in service.trackers]
    joined: dict[Any, Source] = {}
    for kind, tracker in TRACKERS.items():
        own: list[Any] = [entry for entry in said if entry.kind == kind]
        joined |= tracker.join(own, config.tracking(kind)) if own else {}
    return joined


def _bound(routes: Mapping[str, AnyCheck], key: str, board: HeartbeatRegistry) -> Mapping[str, Check]:
    """The checks of a service: its routes as they are if none is a heartbeat, which most are not."""
    if not any(isinstance(check, HeartbeatCheck) for check in routes.values()):
        return cast("Mapping[str, Check]", routes)
    return {
        route: check.bound(partial(board.trouble, (key, route))) if isinstance(check, HeartbeatCheck) else check
        for route, check in routes.items()
    }


def heartbeats(config: Config) -> dict[tuple[str, str], HeartbeatCheck]:
    """The heartbeat routes, by service and route."""
    routes = ((key, route, check) for key, said in config.services.items() for route, check in said.routes.items())
    return {(key, route): check for key, route, check in routes if isinstance(check, HeartbeatCheck)}


async def addresses(config: Config) -> dict[str, str]:
    """The address that each job calls, by name ("backup/job"). Secret: whoever knows it can call. A token in the config
    is not shown.
    """
    jobs = heartbeats(config)
    made, why = dict[tuple[str, str], str](), ""
    if any(check.token is None for check in jobs.values()):
        try:
            async with open_store(config.database, create=False) as store:
                made = {job.key: job.token for job in await store.heartbeats.all()}
        except StoreUnavailable as error:
            why = str(error)
    rows = {}
    for key, check in jobs.items():
        token = "TOKEN (the one in the config)" if check.token else made.get(key)
        missing = f"no address yet: {why or 'it is made when `tocsin run` takes up this config'}"
        rows["/".join(key)] = f"{config.web.url}/heartbeat/{token}" if token else missing
    return rows


def watched_channels(config: Config, outbox: Outbox, clock: Callable[[], datetime]) -> Iterator[Watched]:
    """Channels as services to check: by probes of their providers and the results of our own sends."""
    every = _channel_every(config)
    for kind, settings in config.watched_channels().items():
        checks = ways(kind, partial(settings.probe, often=True), outbox.failures, clock)
        service = wording.channel_service(kind, tuple(checks), config.language)
        yield Watched(service, checks, every=every, confirm_every=config.defaults.confirm_every)


def canaries(config: Config) -> tuple[Check, ...]:
    """Independent references: if they fail too, we are offline."""
    return tuple(canary(text) for text in config.canaries)


def witnesses(config: Config, looked_at: Sequence[Watched]) -> Witnesses | None:
    """The door of the witnesses, with what each is to check; None if there are none."""
    if not config.witnesses:
        return None
    from bot.web.witness import Witnesses  # noqa: PLC0415 # `status` starts quickly without the page

    known = {key: said.settings(key) for key, said in config.witnesses.items()}
    ours = canaries(config)
    tasks = {key: given(settings, looked_at, ours) for key, settings in known.items()}
    members = [Member(key, settings.name, tasks[key].routes) for key, settings in known.items()]
    every = {one.service.id: one.every.total_seconds() for one in looked_at}
    quorum = None if config.quorum == "majority" else config.quorum
    registry = WitnessRegistry(members, every, quorum=quorum, place=config.location or "")
    return Witnesses({key: settings.token for key, settings in known.items()}, tasks, registry)


def witness_lines(config: Config) -> Iterator[str]:
    """What each witness is to check, a line each."""
    services = [
        Watched(config.service(key), {r: c for r, c in said.routes.items() if not isinstance(c, HeartbeatCheck)})
        for key, said in config.services.items()
    ]
    for key, said in config.witnesses.items():
        task = given(said.settings(key), services, ())
        line = f"witness {key}: checks {wording.counted(len(task.routes), 'service')}"
        if task.withheld:
            shown = ", ".join(task.withheld[:SHOWN]) + (" …" if len(task.withheld) > SHOWN else "")
            line += f"; private, so only if its services name them: {shown}"
        yield line
