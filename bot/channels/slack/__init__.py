"""Slack: messages by the Web API, commands by Socket Mode. These are the settings; the SDK is imported on opening."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, SecretStr, field_validator

from bot.channels.providers import unsendable
from bot.contracts import Answer, Between, Channel, ChannelContext, Net, Pace, Seconds, Token, Trouble, Unclear
from bot.model import Advice, AdviceCode, Reason, ReasonCode

_LIMITED = frozenset({"ratelimited", "rate_limited"})  # said about valid tokens
_ITS_OWN = frozenset({"internal_error", "fatal_error", "request_timeout", "service_unavailable"})
ORGANIZATION = Reason.of(ReasonCode.ORGANIZATION_APP, advice=AdviceCode.INSTALL_IN_WORKSPACE)
TOKENS = "api.slack.com/apps > OAuth & Permissions"
APP_TOKENS = "api.slack.com/apps > Basic Information > App-Level Tokens (scope connections:write)"
CHECK_URL = Advice.of(AdviceCode.CHECK_SETTING, key="channels.slack.api_url")
_PLACE = re.compile(r"#[\w-]{1,80}")
_ID = re.compile(r"[CGDUW][A-Z0-9]{1,30}")
_PERSON = re.compile(r"[TE][A-Z0-9]{1,30}/[UW][A-Z0-9]{1,30}")


class SlackSettings(BaseModel):
    """A Slack app's tokens. Without `app_token` it sends but takes no commands. Times are in seconds."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")

    kind: Literal["slack"] = "slack"
    edits: ClassVar[bool] = True
    # Few at once: how many a workspace takes is learnt from the first refusal, and those under way are refused as well.
    pace: ClassVar[Pace] = Pace(most=4, place=timedelta(seconds=1))
    gathers: ClassVar[bool] = True
    finds: ClassVar[bool] = True
    looks: ClassVar[bool] = True
    lives: ClassVar[bool] = True

    bot_token: Token
    app_token: Token | None = None
    api_url: str = "https://slack.com/api/"
    # A short time-out turns slow answers into repeated messages.
    timeout: Annotated[Seconds, Between(0.01, 120)] = 30
    # the first pause before listening is retried; it doubles up to a minute
    reconnect_after: Annotated[Seconds, Between(0.01, 60)] = 1
    watch: str | None = None

    @field_validator("api_url")
    @classmethod
    def _ends_with_a_slash(cls, url: str) -> str:
        if not url.startswith(("https://", "http://")):
            raise ValueError("is no URL; expected something like https://slack.com/api/")
        return url.rstrip("/") + "/"

    @asynccontextmanager
    async def open(self, desk: ChannelContext) -> AsyncIterator[Channel]:
        from bot.channels.slack.channel import opened  # noqa: PLC0415  an unused channel loads no SDK

        async with opened(self, desk) as channel:
            yield channel

    def place_problem(self, place: str) -> str:
        if (_PLACE.fullmatch(place) and place == place.casefold().replace(" ", "")) or _ID.fullmatch(place):
            return ""
        return (
            "is no place in Slack; expected a channel's id such as slack:C012AB3CD, a person's (U...), or slack:#name"
        )

    @staticmethod
    def person_problem(person: str) -> str:
        right = _PERSON.fullmatch(person)
        return "" if right else "names nobody in Slack; expected workspace and person, such as slack:T01/U01"

    async def probe(self, net: Net, *, often: bool = False) -> Reason | Unclear | None:
        if fault := await self._rejected(net, "auth.test", "bot_token", self.bot_token, TOKENS, often=often):
            return fault
        if self.app_token is None or often:  # each request makes a new connection's address; few per minute are allowed
            return None
        return await self._rejected(net, "apps.connections.open", "app_token", self.app_token, APP_TOKENS)

    async def _rejected(
        self, net: Net, method: str, key: str, token: SecretStr, place: str, *, often: bool = False
    ) -> Reason | Unclear | None:
        """Ask Slack about a token; return the fault, or None."""
        key = f"channels.slack.{key}"
        if fault := unsendable(token.get_secret_value(), key, place):
            return fault
        headers = {"Authorization": f"Bearer {token.get_secret_value().strip()}"}
        try:
            prepared = net.prepare("POST", self.api_url + method, headers)
        except ValueError:
            return Reason.of(ReasonCode.ADDRESS_UNUSABLE, channel=self.kind, advice=CHECK_URL)
        answer = await net.fetch(prepared, timeout=timedelta(seconds=self.timeout))
        if isinstance(answer, Trouble):
            return Reason.of(ReasonCode.NO_ANSWER, channel=self.kind, cause=answer.why)
        said = _read(answer)
        status = f"HTTP {answer.status}"
        if often and answer.status == 429:
            return Unclear(Reason.of(ReasonCode.ASKS_TO_WAIT, channel=self.kind, provider_code=status))
        if said is None:
            return Reason.of(ReasonCode.NOT_THE_PROVIDER, channel=self.kind, provider_code=status, advice=CHECK_URL)
        if said.get("ok") and said.get("is_enterprise_install") and not often:
            return ORGANIZATION
        if said.get("ok") or said.get("error") in _LIMITED:
            return None
        code = str(said.get("error"))
        if code in _ITS_OWN:
            return Reason.of(ReasonCode.IN_TROUBLE, channel=self.kind, provider_code=code)
        copy = Advice.of(AdviceCode.COPY_TOKEN, place=place)
        return Reason.of(ReasonCode.TOKEN_REJECTED, key=key, channel=self.kind, code=code, advice=copy)


def _read(answer: Answer) -> dict[str, Any] | None:
    try:
        said = json.loads(answer.body)
    except ValueError:
        return None
    return said if isinstance(said, dict) and "ok" in said else None
