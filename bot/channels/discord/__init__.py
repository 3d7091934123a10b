"""Discord by its bot API: the settings. The SDK is only imported when the channel is opened."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from bot.channels.providers import unsendable
from bot.contracts import Answer, Between, Channel, ChannelContext, Net, Pace, Seconds, Token, Trouble, Unclear
from bot.model import Advice, AdviceCode, Reason, ReasonCode

PORTAL = "the developer portal"
_ID = re.compile(r"[1-9][0-9]{16,18}")  # all ids except those of January 2015, before Discord existed


def _address(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("expected an address that starts with https://, such as https://discord.com/api/v10")
    return url.rstrip("/")


def _gateway(url: str | None) -> str | None:
    if url is not None and not url.startswith(("wss://", "ws://")):
        raise ValueError("expected an address that starts with wss://, such as wss://gateway.discord.gg/")
    return url


class DiscordSettings(BaseModel):
    """`timeout` is in seconds and holds for one hand-over. `gateway_url` None means Discord's own gateway."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    edits: ClassVar[bool] = True
    pace: ClassVar[Pace] = Pace(most=50, per=timedelta(seconds=1), place=timedelta(seconds=1))
    gathers: ClassVar[bool] = True
    finds: ClassVar[bool] = True
    looks: ClassVar[bool] = True
    lives: ClassVar[bool] = True
    kind: Literal["discord"] = "discord"
    token: Token
    api_url: Annotated[str, AfterValidator(_address)] = "https://discord.com/api/v10"
    gateway_url: Annotated[str | None, AfterValidator(_gateway)] = None
    timeout: Annotated[Seconds, Between(0.01, 120)] = 30
    watch: str | None = None

    @asynccontextmanager
    async def open(self, desk: ChannelContext) -> AsyncIterator[Channel]:
        """Log in if Discord answers soon; otherwise the next hand-over logs in, and its receipt gives the fault."""
        from bot.channels.discord.channel import connect  # noqa: PLC0415  loads the SDK

        token = self.token.get_secret_value().strip()
        async with connect(token, self.api_url, self.gateway_url, self.timeout, desk) as channel:
            yield channel

    def place_problem(self, place: str) -> str:
        right = _ID.fullmatch(place.removeprefix("@"))
        return "" if right else "is no channel of Discord; expected its id, such as discord:112233445566778899"

    @staticmethod
    def person_problem(person: str) -> str:
        right = _ID.fullmatch(person)
        return "" if right else "names nobody on Discord; expected a person's id, such as discord:112233445566778899"

    async def probe(self, net: Net, *, often: bool = False) -> Reason | Unclear | None:
        if fault := unsendable(self.token.get_secret_value(), "channels.discord.token", PORTAL):
            return fault
        headers = {"Authorization": f"Bot {self.token.get_secret_value().strip()}"}
        try:
            prepared = net.prepare("GET", f"{self.api_url}/users/@me", headers)
        except ValueError:
            advice = Advice.of(AdviceCode.CHECK_TOKEN_LINE, key="api_url", place=PORTAL)
            return Reason.of(ReasonCode.ADDRESS_UNUSABLE, channel=self.kind, advice=advice)
        match await net.fetch(prepared, timeout=timedelta(seconds=self.timeout)):
            case Trouble(why=why):
                advice = Advice.of(AdviceCode.CHECK_NETWORK, key="api_url")
                return Reason.of(ReasonCode.NOT_REACHED, channel=self.kind, cause=why, advice=advice)
            case Answer() as answer:
                return _verdict(answer)


def _verdict(answer: Answer) -> Reason | Unclear | None:
    try:
        said = json.loads(answer.body)
        known = answer.status == 200 and bool(said["id"])
    except (ValueError, TypeError, KeyError):
        known = False
    if known:
        return None
    if answer.status == 401:
        return Reason.of(ReasonCode.TOKEN_UNKNOWN, channel="discord", advice=AdviceCode.RESET_TOKEN)
    status = f"HTTP {answer.status}"
    if answer.status == 429:
        return Unclear(Reason.of(ReasonCode.ASKS_TO_WAIT, channel="discord", provider_code=status))
    if answer.status >= 500:
        later = AdviceCode.TRY_LATER
        return Reason.of(ReasonCode.IN_TROUBLE, channel="discord", provider_code=status, advice=later)
    check = Advice.of(AdviceCode.CHECK_SETTING, key="api_url")
    return Reason.of(ReasonCode.NOT_THE_PROVIDER, channel="discord", provider_code=status, advice=check)
