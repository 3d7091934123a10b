"""Who belongs to our own workspace, and is no guest there."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack import ORGANIZATION
from bot.channels.slack.receipts import Failed, asked

log = logging.getLogger(__name__)

AGAIN = 30.0  # seconds between two tries to learn which workspace is ours
KNOWN_FOR = 600.0  # seconds that what Slack said of a person is believed
PEOPLE = 1_000  # of whom it is remembered
OTHERS = ("deleted", "is_bot", "is_restricted", "is_ultra_restricted", "is_stranger")  # guests, and who is no person


class Members:
    """What cannot be learnt proves nothing: then nobody is of our workspace, and nobody in it is a member."""

    def __init__(self, web: AsyncWebClient) -> None:
        self._web = web
        self._team = ""
        self._tried_at: float | None = None
        self._lock = asyncio.Lock()
        self._people: OrderedDict[str, tuple[float, bool]] = OrderedDict()
        self._complained = False
        self._warned = False

    async def team(self) -> str:
        """The workspace of the bot's token; empty while Slack does not say it."""
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
        """An organization's token speaks for many workspaces: none of them is ours."""
        if not said.get("is_enterprise_install"):
            return str(said.get("team_id") or "")
        if not self._warned:
            log.warning("Slack: %s", ORGANIZATION)
        self._warned = True
        return ""

    async def is_member(self, user: str) -> bool:
        """A full member of our workspace: no guest, and not of another one that shares a channel with us."""
        at, known = self._people.get(user, (0.0, False))
        if user in self._people and time.monotonic() - at < KNOWN_FOR:
            return known
        said = await asked(self._web.users_info(user=user))
        if isinstance(said, Failed):
            self._complain(said.code or said.receipt.why)
            return False
        person = said.get("user") or {}
        member = person.get("team_id") == self._team != "" and not any(person.get(mark) for mark in OTHERS)
        self._people[user] = (time.monotonic(), member)
        self._people.move_to_end(user)
        if len(self._people) > PEOPLE:
            self._people.popitem(last=False)
        return member

    def _complain(self, why: str) -> None:
        """Say it once: it lasts until somebody grants it."""
        log.log(
            logging.DEBUG if self._complained else logging.WARNING,
            "Slack does not say who is a guest (%s): until the app has the scope users:read, only admins change what a "
            "channel hears",
            why,
        )
        self._complained = True
