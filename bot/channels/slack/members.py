"""People by what Slack says of them: their names, and who is a full member of our workspace, not a guest."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack import ORGANIZATION
from bot.channels.slack.receipts import Failed, asked

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
            log.warning("Slack: %s", ORGANIZATION)
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
            self._complain(said.code or said.receipt.why)
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
