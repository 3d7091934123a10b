"""`tocsin check --live`: asks each channel's provider about its account and each place, without sending anything."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from pydantic import BaseModel, SecretStr

from bot import wording
from bot.channels.email import BounceBox, EmailSettings
from bot.channels.providers import masked
from bot.config import Config, canary
from bot.config.services import all_places
from bot.contracts import Channel, ChannelContext, ChannelSettings, Check, Net, Reach, Source, SourceState, Unclear
from bot.errors import fault
from bot.model import Destination, Outcome, Reading, plain_text, spelled
from bot.net import Network
from bot.offload import pool
from bot.watch.checks import HeartbeatCheck

log = logging.getLogger(__name__)

EACH = timedelta(seconds=10)  # for one answer about one place
TRIES = 3  # attempts for a place whose provider asks to wait ...
LONGEST_WAIT = timedelta(minutes=1)  # ... no longer than this
ALL = timedelta(minutes=2)  # for everything: what was not asked by then is unknown
AT_ONCE = 8  # places of one channel, and checks of services: providers limit the rate
AGAIN = timedelta(seconds=0.5)  # the shortest wait if a provider asks for one
LONGEST = 300  # characters of a line
EMPTY = Reach(None, "no time was left to ask")
MAILBOX_WITHIN: Final = 8.0  # seconds for each answer of the server: less than a question has


@dataclass(frozen=True, slots=True)
class Found:
    """A subject ("slack", "slack:C012 (desk)", "x web") and the result."""

    what: str
    reach: Reach


@dataclass(slots=True)
class Asking:
    """The state shared by all questions: progress and deadline."""

    told: Callable[[int, int], None]
    most: int
    secrets: tuple[str, ...]
    ends: float  # by the loop's clock
    done: int = 0

    async def ask(self, what: str, asking: Callable[[], Awaitable[Reach]], turns: asyncio.Semaphore) -> Found:
        """Ask one question in its time; repeat it if the provider asks to wait and there is time."""
        try:
            async with asyncio.timeout_at(self.ends), turns:
                reach = await self._in_time(what, asking)
        except TimeoutError:
            reach = EMPTY
        self.done += 1
        self.told(self.done, self.most)
        return self.found(what, reach)

    def found(self, what: str, reach: Reach) -> Found:
        """Make one line of an answer, which may quote anything, without our secrets."""
        return Found(what, replace(reach, said=plain_text(masked(wording.english(reach.said), *self.secrets), LONGEST)))

    async def _in_time(self, what: str, asking: Callable[[], Awaitable[Reach]]) -> Reach:
        now = asyncio.get_running_loop().time
        found = await self._once(what, asking)
        for _ in range(TRIES - 1):
            pause = max(found.wait or AGAIN, AGAIN)
            if found.wait is None or pause > LONGEST_WAIT or now() + pause.total_seconds() >= self.ends:
                break
            await asyncio.sleep(pause.total_seconds())
            found = await self._once(what, asking)
        if found.wait is None:
            return found
        return replace(
            found, said=f"{wording.english(found.said)}: run this again in {spelled(max(found.wait, AGAIN))}"
        )

    async def _once(self, what: str, asking: Callable[[], Awaitable[Reach]]) -> Reach:
        try:
            async with asyncio.timeout(EACH.total_seconds()):
                return await asking()
        except TimeoutError:
            return Reach(False, f"no answer within {spelled(EACH)}")
        except Exception as bug:  # noqa: BLE001 - the others are asked all the same
            log.error("our own error while asking after %s: %s", what, fault(bug))
            return Reach(False, f"our own error: {type(bug).__name__}")


async def live_check(config: Config, told: Callable[[int, int], None]) -> tuple[Found, ...]:
    """Ask about channels in the order of the config, each with its places, then services. `told` gets the number done
    and the total.
    """
    places, channels = named_places(config), config.opened_channels()
    boxes = tuple(one for kind, settings in channels.items() for one in mailboxes(kind, settings))
    looks = (*boxes, *services(config))
    ends = asyncio.get_running_loop().time() + ALL.total_seconds()
    hidden = (*secrets(channels.values()), *(place.place for place in places if place.shown != str(place)))
    asking = Asking(told, len(channels) + len(places) + len(looks), hidden, ends)
    told(0, asking.most)
    async with Network() as net:
        try:
            asked = [_channel(kind, settings, net, places, asking) for kind, settings in channels.items()]
            asked.append(_services(looks, net, asking))
            return tuple(found for one in await asyncio.gather(*asked) for found in one)
        finally:
            pool.close()


def named_places(config: Config) -> dict[Destination, str]:
    """Every place that is written to, with the names of those who use it: "desk, digest weekly, admins"."""
    named: dict[Destination, list[str]] = {}
    for where, place in all_places(config):
        who = str(where[1]) if where[0] == "audiences" else f"digest {where[1]}"
        named.setdefault(place, []).append(who)
    admins = config.admins_audience()
    for place in admins.places if admins else ():
        named.setdefault(place, []).append("admins")
    return {place: ", ".join(dict.fromkeys(who)) for place, who in named.items()}


def secrets(settings: Iterable[object]) -> Iterator[str]:
    """Every secret value in the channels' settings, and in what belongs to them."""
    for one in settings:
        values = [getattr(one, name) for name in getattr(type(one), "model_fields", ())]
        yield from (value.get_secret_value() for value in values if isinstance(value, SecretStr))
        yield from secrets(value for value in values if isinstance(value, BaseModel))


async def _channel(
    kind: str, settings: ChannelSettings, net: Net, places: dict[Destination, str], asking: Asking
) -> list[Found]:
    own = {place: f"{place.shown} ({who})" for place, who in places.items() if place.kind == kind}
    turns = asyncio.Semaphore(AT_ONCE)
    async with settings.open(ChannelContext(net, (), _forgetful, _forgetful)) as channel:
        account = await asking.ask(kind, partial(_account, settings, channel, net), turns)
        if account.reach.good is False:
            asking.done += len(own)
            return [account, *(Found(what, Reach(None, f"not asked, as {kind} is not ready")) for what in own.values())]
        asked = (asking.ask(what, partial(channel.reach, place.place), turns) for place, what in own.items())
        return [account, *await asyncio.gather(*asked)]


async def _account(settings: ChannelSettings, channel: Channel, net: Net) -> Reach:
    known = await channel.account()
    if known.good is False:
        return known
    wrong = await settings.probe(net)  # of everything it needs, including the way it listens
    if isinstance(wrong, Unclear):
        return Reach(None, wrong.why)
    return Reach(False, wrong) if wrong else known


async def _forgetful(*_: str) -> None:
    return None


# ── the services ─────────────────────────────────────────────────────────────────────────────────────────────────────

OUTCOMES = {
    Outcome.OK: True,
    Outcome.EXPIRING: True,
    Outcome.SLOW: True,
    Outcome.FAILED: False,
    Outcome.INCONCLUSIVE: None,
}
WORDS = {
    Outcome.OK: "up",
    Outcome.EXPIRING: "up",
    Outcome.SLOW: "up, but slow",
    Outcome.FAILED: "does not answer as expected",
    Outcome.INCONCLUSIVE: "not known",
}
Look = tuple[str, Callable[[Net], Awaitable[Reach]]]


def services(config: Config) -> Iterator[Look]:
    """A check of each canary, each route and each official status page, except heartbeats, which cannot be asked for."""
    for text in config.canaries:
        yield f"canary {text}", _route("canary", canary(text), min(config.defaults.timeout, EACH))
    for key, said in config.services.items():
        timeout = min(said.watching(config.defaults).timeout, EACH)
        for route, check in said.routes.items():
            if not isinstance(check, HeartbeatCheck):
                yield f"{key} {route}", _route(route, check, timeout)
        if said.official:
            yield f"{key} official status page", _page(said.official)


def _route(route: str, check: Check, timeout: timedelta) -> Callable[[Net], Awaitable[Reach]]:
    async def look(net: Net) -> Reach:
        reading = await check.run(route, net, timeout, fresh=True)
        took = f" after {reading.took.total_seconds() * 1000:.0f} ms" if reading.took is not None else ""
        return Reach(OUTCOMES[reading.outcome], f"{WORDS[reading.outcome]}{_why(reading)}{took}")

    return look


def _why(reading: Reading) -> str:
    return f" ({wording.english(reading.why)})" if reading.why else ""


def _page(page: Source) -> Callable[[Net], Awaitable[Reach]]:
    async def look(net: Net) -> Reach:
        word = await page.read(net, datetime.now(UTC), SourceState())
        if word.says is None:
            return Reach(False, "cannot be read: is this the address of a status page, and does it answer?")
        return Reach(True, f"can be read ({word.headline or 'nothing is reported'})")

    return look


async def _services(looks: Sequence[Look], net: Net, asking: Asking) -> list[Found]:
    turns = asyncio.Semaphore(AT_ONCE)
    asked = (asking.ask(what, partial(look, net), turns) for what, look in looks)
    return list(await asyncio.gather(*asked))


def mailboxes(kind: str, settings: ChannelSettings) -> Iterator[tuple[str, Callable[[Net], Awaitable[Reach]]]]:
    """A look into the mailbox of a channel, if it has one."""
    if isinstance(settings, EmailSettings) and (box := settings.bounces):

        async def look(_net: Net) -> Reach:
            return await _reach(box, settings)

        yield f"{kind} bounces at {box.host}", look


async def _reach(box: BounceBox, settings: EmailSettings) -> Reach:
    from bot.channels.email import bounces  # noqa: PLC0415 # without such a mailbox it costs nothing

    def probe() -> int:
        return bounces.probe(box, settings.tls(), MAILBOX_WITHIN)

    try:
        count = await asyncio.to_thread(probe)
    except (OSError, bounces.Trouble) as error:
        return Reach(False, f"{bounces.named(error, box)}: check channels.email.bounces")
    return Reach(True, f"takes the login, and its folder {box.folder} can be read ({count} mails in it)")
