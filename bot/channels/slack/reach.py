"""Whether a place can be written to, asked of Slack without writing."""

from __future__ import annotations

import asyncio
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.slack import ORGANIZATION
from bot.channels.slack.receipts import KIND, SCOPELESS, Failed, asked, failed
from bot.contracts import Reach, reach_of
from bot.model import Advice, AdviceCode, Reason, ReasonCode

PAGE = 1000  # channels per call, Slack's maximum
PAGES = 10
PEOPLE = ("U", "W")
ALL, PUBLIC = "public_channel,private_channel", "public_channel"

Said = dict[str, Any]


class Reacher:
    """Asks with the same client that sends. Facts about the account are asked once."""

    def __init__(self, web: AsyncWebClient) -> None:
        self._web = web
        self._asking = asyncio.Lock()
        self._us: Said | None = None  # auth.test's answer
        self._scopes: frozenset[str] | None = None  # of the token; None: Slack did not show them
        self._names: dict[str, str] | None = None  # "#newsroom" -> "C012"
        self._names_whole = False

    async def account(self) -> Reach:
        us = await self._ourselves()
        if isinstance(us, Failed):
            return _of(us)
        if us.get("is_enterprise_install"):
            return Reach(False, ORGANIZATION)
        if self._scopes is not None and "chat:write" not in self._scopes:
            return _refused(SCOPELESS)
        return Reach(True, f"knows the bot as @{us.get('user')} in the workspace {us.get('team')}")

    async def reach(self, place: str) -> Reach:
        if isinstance(us := await self._ourselves(), Failed):
            return _of(us)
        if place.startswith("#"):
            return await self._named(place)
        if place.startswith(PEOPLE):
            return await self._person(place, us)
        return await self._conversation(place)

    async def _ourselves(self) -> Said | Failed:
        async with self._asking:
            if self._us is None:
                headers: dict[str, str] = {}

                async def asking() -> Any:
                    answer = await self._web.auth_test()
                    headers.update({name.lower(): str(value) for name, value in answer.headers.items()})
                    return answer

                if isinstance(said := await asked(asking()), Failed):
                    return said
                self._us = said
                if "x-oauth-scopes" in headers:
                    self._scopes = frozenset(scope.strip() for scope in headers["x-oauth-scopes"].split(","))
            return self._us

    async def _conversation(self, place: str) -> Reach:
        said = await asked(self._web.conversations_info(channel=place))
        if isinstance(said, Failed):
            return await self._by_history(place) if said.code == SCOPELESS else _of(said)
        return self._open(_object(said, "channel"))

    def _open(self, channel: Said) -> Reach:
        """Judge a channel, or direct messages with one person or several."""
        if channel.get("is_archived"):
            return _refused("is_archived")
        if channel.get("is_frozen"):
            return _refused("is_inactive")
        if channel.get("is_user_deleted"):
            return _refused("user_disabled")
        if channel.get("is_im") or channel.get("is_mpim"):
            return Reach(True, "direct messages, open to the bot")
        name = f"#{channel.get('name')}"
        if not channel.get("is_member"):
            if channel.get("is_private") or "chat:write.public" not in (self._scopes or ()):
                return _refused("not_in_channel")
            return Reach(True, f"{name}: the bot is not in it, but may write there (chat:write.public)")
        if channel.get("is_read_only"):
            return _refused("restricted_action_read_only_channel")
        return Reach(True, f"{name}: the bot is in it")

    async def _by_history(self, place: str) -> Reach:
        """Check only that the bot is a member, by a scope that notices need anyway."""
        said = await asked(self._web.conversations_history(channel=place, limit=1))
        if not isinstance(said, Failed):
            return Reach(True, "the bot is in it (is it archived? Slack tells that only with the scope channels:read)")
        return _untold("channels:read or, if it is private, groups:read") if said.code == SCOPELESS else _of(said)

    async def _person(self, place: str, us: Said) -> Reach:
        said = await asked(self._web.users_info(user=place))
        if isinstance(said, Failed):
            return _untold("users:read") if said.code == SCOPELESS else _of(said)
        person = _object(said, "user")
        if place == us.get("user_id"):
            return _refused("cannot_dm_self")
        if person.get("is_bot"):
            return _refused("user_is_bot")
        if person.get("deleted"):
            return _refused("user_disabled")
        return Reach(True, f"a person: {person.get('real_name') or person.get('name') or place}")

    async def _named(self, place: str) -> Reach:
        if isinstance(names := await self._all_names(), Failed):
            if names.code == SCOPELESS:
                return _untold("channels:read (or write the channel's id, such as slack:C012AB3CD)")
            return _of(names)
        if place in names:
            return await self._conversation(names[place])
        if not self._names_whole:
            why = Reason.of(ReasonCode.CHANNELS_NOT_LISTED, channel=KIND, advice=AdviceCode.WRITE_CHANNEL_ID)
            return Reach(None, why)
        return _refused("channel_not_found")

    async def _all_names(self) -> dict[str, str] | Failed:
        async with self._asking:
            if self._names is None:
                found, whole = await self._listed(ALL), True
                if isinstance(found, Failed) and found.code == SCOPELESS:
                    found, whole = await self._listed(PUBLIC), False
                if isinstance(found, Failed):
                    return found
                self._names, complete = found
                self._names_whole = whole and complete
            return self._names

    async def _listed(self, kinds: str) -> tuple[dict[str, str], bool] | Failed:
        """Channels by name, and whether these are all."""
        found, cursor = dict[str, str](), ""
        for _ in range(PAGES):
            said = await asked(self._web.conversations_list(types=kinds, limit=PAGE, cursor=cursor or None))
            if isinstance(said, Failed):
                return said
            channels = said.get("channels")
            for channel in channels if isinstance(channels, list) else ():
                if isinstance(channel, dict):
                    found[f"#{channel.get('name')}"] = str(channel.get("id"))
            cursor = str(_object(said, "response_metadata").get("next_cursor") or "")
            if not cursor:
                return found, True
        return found, False


def _object(said: Said, name: str) -> Said:
    found = said.get(name)
    return found if isinstance(found, dict) else {}


def _of(said: Failed) -> Reach:
    return reach_of(said.receipt)


def _refused(code: str) -> Reach:
    return _of(failed(code))


def _untold(scope: str) -> Reach:
    add = Advice.of(AdviceCode.ADD_SCOPE, scope=scope)
    return Reach(None, Reason.of(ReasonCode.SCOPE_UNTOLD, channel=KIND, advice=add))
