"""Names and ids at Slack: of channels, which a config may name "#newsroom", and of people.

Slack calls that channel C012 in everything that it sends. Of people it also says who is a full member of our workspace.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot import wording
from bot.channels.slack import ORGANIZATION
from bot.channels.slack.receipts import Failed, asked
from bot.contracts import ChannelContext

OTHERWISE = ("#", "U", "W")  # how a place begins that is no channel's id
UNTOLD = frozenset({"privategroup", "directmessage", ""})  # what Slack writes for a name that it does not tell
MOST = 1_000  # names kept
log = logging.getLogger(__name__)

AGAIN = 30.0  # seconds between two attempts to learn our workspace
KNOWN_FOR = 600.0  # seconds that Slack's answer on a person is kept
PEOPLE = 1_000  # size of that cache
PATIENCE = 1.0  # seconds that an answer waits for a name
OTHERS = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger")  # guests and bots


@dataclass(frozen=True, slots=True)
class Person:
    """What Slack said of somebody, and when, by a steady clock."""

    at: float
    name: str
    member: bool


class Members:
    """If Slack does not answer, nobody counts as a member."""

    def __init__(self, web: AsyncWebClient) -> None:
        self._web = web
        self._team = ""
        self._tried_at: float | None = None
        self._lock = asyncio.Lock()
        self._people: OrderedDict[str, Person] = OrderedDict()
        self._refused_at = -AGAIN
        self._complained = False
        self._warned = False

    async def team(self) -> str:
        """The workspace of the bot's token; "" while Slack does not tell it."""
        if self._team:
            return self._team
        async with self._lock:
            if not self._team and (self._tried_at is None or time.monotonic() - self._tried_at >= AGAIN):
                self._tried_at = time.monotonic()
                said = await asked(self._web.auth_test())
                if not isinstance(said, Failed):
                    self._team = self._one_workspace(said)
        return self._team

    def _one_workspace(self, said: dict[str, Any]) -> str:
        """ "" for an organization's token, which is for many workspaces: none of them is ours."""
        if not said.get("is_enterprise_install"):
            return str(said.get("team_id") or "")
        if not self._warned:
            log.warning("Slack: %s", wording.english(ORGANIZATION))
        self._warned = True
        return ""

    async def is_member(self, user: str) -> bool:
        """Whether somebody is a full member of our workspace: no guest, and not of another one that shares a channel
        with us.
        """
        person = await self._person(user)
        return person is not None and person.member

    async def name(self, user: str) -> str:
        """The name that Slack shows; "" if it does not tell it soon."""
        if user not in self._people and time.monotonic() - self._refused_at < AGAIN:
            return ""
        try:
            async with asyncio.timeout(PATIENCE):
                person = await self._person(user)
        except TimeoutError:
            return ""
        return person.name if person else ""

    async def _person(self, user: str) -> Person | None:
        known = self._people.get(user)
        if known and time.monotonic() - known.at < KNOWN_FOR:
            return known
        said = await asked(self._web.users_info(user=user))
        if isinstance(said, Failed):
            self._refused_at = time.monotonic()
            self._complain(said.code or wording.english(said.receipt.why))
            return None
        found = said.get("user")
        about = found if isinstance(found, dict) else {}
        member = about.get("team_id") == self._team != "" and not any(about.get(mark) for mark in OTHERS)
        self._people[user] = Person(time.monotonic(), _shown(about), member)
        self._people.move_to_end(user)
        if len(self._people) > PEOPLE:
            self._people.popitem(last=False)
        return self._people[user]

    def _complain(self, why: str) -> None:
        """Log it once: it lasts until somebody grants the scope."""
        log.log(
            logging.DEBUG if self._complained else logging.WARNING,
            "Slack does not say who is a guest, nor people's names (%s): until the app has the scope users:read, only "
            "admins change what a channel gets",
            why,
        )
        self._complained = True


def _shown(user: dict[str, Any]) -> str:
    """The display name, else the full name, else the login name."""
    profile = user.get("profile")
    named = profile if isinstance(profile, dict) else {}
    said = (named.get("display_name"), named.get("real_name"), user.get("real_name"), user.get("name"))
    return next((name for name in said if isinstance(name, str) and name.strip()), "")


class ChannelNames:
    """The id of a place that has been written to, and the name of a channel that people ask from."""

    def __init__(self, web: AsyncWebClient, desk: ChannelContext) -> None:
        self._web, self._desk = web, desk
        self._ids: dict[str, str] = {}  # "#newsroom" -> "C012"
        self._names: OrderedDict[str, tuple[float, str]] = OrderedDict()

    async def id(self, place: str) -> str:
        """The id of a channel given by name or person, if an earlier message revealed it."""
        if place.startswith(OTHERWISE) and place not in self._ids:
            self._ids[place] = await self._desk.recall(f"slack {place}") or place
        return self._ids.get(place, place)

    async def learn(self, place: str, channel: str) -> None:
        """Remember the id that Slack gave for a place we wrote to."""
        if not place.startswith(OTHERWISE) or self._ids.get(place) == channel:
            return
        self._ids[place] = channel
        if place.startswith("#"):
            self._keep(channel, place)
        try:
            await self._desk.remember(f"slack {place}", channel)
        except Exception as error:  # noqa: BLE001 - sent: our failing memory must not make it look unsent
            log.warning("could not remember the id of %s (%s)", place, type(error).__name__)

    async def name(self, channel: str, told: str = "") -> str:
        """ "#newsroom" for "C012"; "" if Slack does not tell it. `told`: what it said of its own accord."""
        if told not in UNTOLD:
            return self._keep(channel, f"#{told}")
        at, known = self._names.get(channel, (0.0, ""))
        if (channel in self._names and time.monotonic() - at < KNOWN_FOR) or not channel.startswith(("C", "G")):
            return known
        try:
            async with asyncio.timeout(PATIENCE):
                said = await asked(self._web.conversations_info(channel=channel))
        except TimeoutError:
            return known
        found = said.get("channel") if not isinstance(said, Failed) else None
        name = found.get("name") if isinstance(found, dict) else None
        return self._keep(channel, f"#{name}" if isinstance(name, str) and name else known)

    def _keep(self, channel: str, name: str) -> str:
        self._names[channel] = (time.monotonic(), name)
        self._names.move_to_end(channel)
        if len(self._names) > MOST:
            self._names.popitem(last=False)
        return name
