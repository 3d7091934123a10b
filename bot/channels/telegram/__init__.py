"""Telegram by the Bot API: the settings. The SDK is only imported when the channel is opened."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict

from bot.channels.providers import masked, unsendable
from bot.channels.telegram.render import LONGEST_ID, WRONG, where
from bot.contracts import Answer, Between, Channel, ChannelContext, Net, Pace, Seconds, Token, Trouble, Unclear
from bot.model import Advice, AdviceCode, Reason, ReasonCode

BOTFATHER = "@BotFather"


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

    def _redacted(self, text: str) -> str:
        return redact(text, self.token.get_secret_value())

    async def probe(self, net: Net, *, often: bool = False) -> Reason | Unclear | None:
        quieten()  # the address holds the token, and the HTTP client logs addresses
        if fault := unsendable(self.token.get_secret_value(), "channels.telegram.token", BOTFATHER):
            return fault
        try:
            prepared = net.prepare("GET", f"{self.api_url}/bot{self.token.get_secret_value().strip()}/getMe")
        except ValueError:
            advice = Advice.of(AdviceCode.CHECK_TOKEN_LINE, key="api_url", place=BOTFATHER)
            return Reason.of(ReasonCode.ADDRESS_UNUSABLE, channel=self.kind, advice=advice)
        match await net.fetch(prepared, timeout=timedelta(seconds=self.timeout)):
            case Trouble(why=why):
                advice = Advice.of(AdviceCode.CHECK_NETWORK, key="api_url")
                return Reason.of(
                    ReasonCode.NOT_REACHED, channel=self.kind, cause=why.rewritten(self._redacted), advice=advice
                )
            case Answer() as answer:
                return _verdict(answer, self.token.get_secret_value())


def _verdict(answer: Answer, token: str) -> Reason | Unclear | None:
    status = f"HTTP {answer.status}"
    try:
        said = json.loads(answer.body)
        known, text = said["ok"] is True, redact(str(said.get("description", "")), token)[:200]
    except (ValueError, TypeError, KeyError):
        check = Advice.of(AdviceCode.CHECK_SETTING, key="api_url")
        return Reason.of(ReasonCode.NOT_THE_PROVIDER, channel="telegram", provider_code=status, advice=check)
    if known:
        return None
    if answer.status in {401, 404}:
        copy = Advice.of(AdviceCode.COPY_TOKEN, place=BOTFATHER)
        return Reason.of(ReasonCode.TOKEN_UNKNOWN, channel="telegram", provider_code=text, advice=copy)
    answered = ReasonCode.ASKS_TO_WAIT if answer.status == 429 else ReasonCode.IN_TROUBLE
    why = Reason.of(answered, channel="telegram", provider_code=f"{status}: {text}", advice=AdviceCode.TRY_LATER)
    return Unclear(why) if answer.status == 429 else why


def quieten() -> None:
    """Silence libraries' loggers that write addresses with the token, or answers that may quote it."""
    for name, level in (("httpx", logging.WARNING), ("httpcore", logging.WARNING), ("telegram", logging.CRITICAL)):
        logger = logging.getLogger(name)
        logger.setLevel(max(level, logger.level))


def redact(text: str, token: str) -> str:
    """Mask the secret half of "number:secret", ignoring case, which the SDK changes."""
    secret = token.partition(":")[2] or token
    return masked(text, secret, mask="<token>")
