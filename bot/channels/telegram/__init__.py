"""Telegram by the Bot API: the settings. The SDK is only imported when the channel is opened."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from bot.channels.masking import unsendable
from bot.channels.telegram.render import LONGEST_ID, WRONG, where
from bot.channels.telegram.token_filter import quieten, redact
from bot.contracts import Answer, Between, Channel, ChannelContext, Net, Pace, Seconds, Token, Trouble, Unclear


def _address(url: str) -> str:
    if not url.startswith(("https://", "http://")):
        raise ValueError("expected an address that starts with https://, such as https://api.telegram.org")
    return url.rstrip("/")


class TelegramSettings(BaseModel):
    """`timeout` is in seconds and holds for one hand-over. `api_url` may be your own Bot API server."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    edits: ClassVar[bool] = True
    pace: ClassVar[Pace] = Pace(most=30, per=timedelta(seconds=1), place=timedelta(seconds=1))
    gathers: ClassVar[bool] = True
    finds: ClassVar[bool] = False
    looks: ClassVar[bool] = False
    lives: ClassVar[bool] = True
    kind: Literal["telegram"] = "telegram"
    token: Token
    api_url: Annotated[str, AfterValidator(_address)] = "https://api.telegram.org"
    timeout: Annotated[Seconds, Between(0.01, 120)] = 30
    watch: str | None = None

    @asynccontextmanager
    async def open(self, desk: ChannelContext) -> AsyncIterator[Channel]:
        """Open without a request to Telegram: a bad token or a dead network shows in the first receipt."""
        from bot.channels.telegram.channel import connect  # noqa: PLC0415  loads the SDK

        async with connect(self.token.get_secret_value().strip(), self.api_url, self.timeout, desk) as channel:
            yield channel

    def place_problem(self, place: str) -> str:
        try:
            where(place)
        except ValueError:
            return WRONG
        return ""

    @staticmethod
    def person_problem(person: str) -> str:
        right = person.isascii() and person.isdigit() and person[0] != "0" and len(person) <= LONGEST_ID
        return "" if right else "names nobody on Telegram; expected a person's id, such as telegram:4242"

    async def probe(self, net: Net, *, often: bool = False) -> str | None:
        quieten()  # the address holds the token, and the HTTP client logs addresses
        if fault := unsendable(self.token.get_secret_value()):
            return f"channels.telegram.token {fault}; copy it again from @BotFather"
        try:
            prepared = net.prepare("GET", f"{self.api_url}/bot{self.token.get_secret_value().strip()}/getMe")
        except ValueError:
            return "Telegram's address cannot be asked; check api_url, and that the token is one line from @BotFather"
        match await net.fetch(prepared, timeout=timedelta(seconds=self.timeout)):
            case Trouble(why=why):
                why = redact(why, self.token.get_secret_value())
                return f"Telegram cannot be reached ({why}); check the network and api_url"
            case Answer() as answer:
                said = _verdict(answer)
                return said and type(said)(redact(said, self.token.get_secret_value()))


def _verdict(answer: Answer) -> str | None:
    try:
        said = json.loads(answer.body)
        known, why = said["ok"] is True, str(said.get("description", ""))
    except (ValueError, TypeError, KeyError):
        return f"what answers at api_url is not Telegram (HTTP {answer.status}); check api_url"
    if known:
        return None
    if answer.status in {401, 404}:
        return f"Telegram does not know the token ({why}); copy it again from @BotFather"
    says = Unclear if answer.status == 429 else str
    return says(f"Telegram answered HTTP {answer.status}: {why[:200]}; try again later")
