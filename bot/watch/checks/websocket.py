"""The websocket check: the opening handshake (RFC 6455, section 4)."""

from __future__ import annotations

import base64
import hashlib
import os
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from bot.contracts import Length, Net, Trouble, between
from bot.model import Outcome, Reading, Reason, ReasonCode
from bot.net import Network, Prepared, network
from bot.watch.checks import expectations

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SCHEMES = {"ws": "http", "wss": "https"}
WRONG = "expected an address such as wss://example.org/socket"


class WebsocketCheck(BaseModel):
    """Good when the server switches to the WebSocket protocol."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Literal["websocket"] = "websocket"
    url: Annotated[str, Field(repr=False)]
    headers: dict[str, SecretStr] = {}
    expires_in: Annotated[Length, between("1s", "3650d")] | None = None

    async def run(self, route: str, net: Net, timeout: timedelta, *, fresh: bool) -> Reading:
        """As in `contracts.Check`; every connection is new."""
        seen = await net.fetch(self._request, timeout=timeout, fresh=True)
        if isinstance(seen, Trouble):
            return seen.reading(route)
        if who := expectations.declared_challenge(seen.headers) or expectations.shown_challenge(seen):
            return expectations.of_challenge(route, seen, who)
        if expectations.is_rate_limit(seen):
            return expectations.of_rate_limit(route, seen)
        if seen.status != 101:
            why = Reason.of(ReasonCode.HTTP_STATUS, status=seen.status)
            return Reading(route, Outcome.FAILED, why, seen.took, answered_by=network(seen.headers))
        if seen.headers.get("sec-websocket-accept", "").strip() != self._accepted:
            return Reading(route, Outcome.FAILED, Reason.of(ReasonCode.NOT_WEBSOCKET), seen.took)
        return expectations.of_certificate(route, seen.certificate_until, self.expires_in, seen.took)

    @field_validator("url")
    @classmethod
    def _can_be_asked(cls, url: str) -> str:
        Network.prepare("GET", _over_http(url))
        return url

    @field_validator("headers")
    @classmethod
    def _can_be_sent(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        Network.prepare("GET", "http://localhost/", {name: value.get_secret_value() for name, value in headers.items()})
        return headers

    @cached_property
    def _key(self) -> str:
        return base64.b64encode(os.urandom(16)).decode("ascii")

    @cached_property
    def _accepted(self) -> str:
        """The server's reply to our key; a cache or a plain web server does not compute it."""
        return base64.b64encode(hashlib.sha1(self._key.encode() + GUID, usedforsecurity=False).digest()).decode("ascii")

    @cached_property
    def _request(self) -> Prepared:
        headers = {name: value.get_secret_value() for name, value in self.headers.items()}
        headers |= {"Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": self._key}
        return Network.prepare("GET", _over_http(self.url), headers)


def _over_http(url: str) -> str:
    scheme, _, rest = url.partition("://")
    if scheme.lower() not in SCHEMES:
        raise ValueError(WRONG)
    return f"{SCHEMES[scheme.lower()]}://{rest}"
