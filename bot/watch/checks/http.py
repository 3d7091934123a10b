"""The http check of a page or an API."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

from bot.contracts import Answer, Family, Length, Net, Trouble, between
from bot.model import Outcome, Reading
from bot.net import Network, Prepared, network
from bot.watch.checks import expectations
from bot.watch.checks.expectations import Expect

BODIED = frozenset({"POST", "PUT", "PATCH", "DELETE"})
PLAIN, JSON = "text/plain; charset=utf-8", "application/json"
USUAL = Expect()


def _body(value: object) -> object:
    """Accept text, or a value that can be sent as JSON."""
    if value is not None and not isinstance(value, str | dict | list):
        raise ValueError("expected text, or a map or list that is sent as JSON")
    try:
        json.dumps(value)
    except TypeError:
        raise ValueError("holds what is no value of JSON, such as a date; put it in quotes") from None
    return value


class Auth(BaseModel):
    """Credentials: `user` and `password` (Basic), or a `token` (Bearer)."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    user: str | None = None
    password: SecretStr | None = None
    token: SecretStr | None = None

    @model_validator(mode="after")
    def _is_one_of_them(self) -> Self:
        basic = self.user is not None and self.password is not None
        if basic == (self.token is not None) or (not basic and (self.user or self.password)):
            raise ValueError("needs either user and password, or a token")
        if self.user and ":" in self.user:
            raise ValueError("a user's name has no colon")
        Network.prepare("GET", "http://localhost/", {"Authorization": self.header})
        return self

    @property
    def header(self) -> str:
        if self.token is not None:
            return f"Bearer {self.token.get_secret_value()}"
        password = self.password.get_secret_value() if self.password else ""
        return "Basic " + base64.b64encode(f"{self.user}:{password}".encode()).decode("ascii")


class HttpCheck(BaseModel):
    """Good when the response is as expected."""

    # Errors in the config must not quote the value: a URL or a header may hold a token.
    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid", hide_input_in_errors=True)

    kind: Literal["http"] = "http"
    url: Annotated[str, Field(repr=False)]
    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] = "GET"
    headers: dict[str, SecretStr] = {}
    auth: Auth | None = None
    body: Annotated[
        Any, BeforeValidator(_body, json_schema_input_type=str | dict[str, Any] | list[Any] | None), Field(repr=False)
    ] = None
    ip: Family | None = None
    expect: Expect = USUAL
    redirects: Annotated[int, Field(ge=0, le=20)] = 5
    redirects_inward: bool = False
    expires_in: Annotated[Length, between("1s", "3650d")] | None = None

    async def run(self, route: str, net: Net, timeout: timedelta, *, fresh: bool) -> Reading:
        """As in `contracts.Check`."""
        seen = await net.fetch(
            self._request,
            timeout=timeout,
            cap=self._cap,
            redirects=self.redirects,
            fresh=fresh,
            inward=self.redirects_inward,
        )
        if isinstance(seen, Trouble):
            return seen.reading(route)
        return await self._read(route, seen)

    @field_validator("url")
    @classmethod
    def _can_be_asked(cls, url: str) -> str:
        Network.prepare("GET", url)
        return url

    @field_validator("headers")
    @classmethod
    def _can_be_sent(cls, headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
        Network.prepare("GET", "http://localhost/", {name: value.get_secret_value() for name, value in headers.items()})
        return headers

    @model_validator(mode="after")
    def _shares_what_is_usual(self) -> Self:
        """Thousands of checks expect the usual: each with an object of its own, that is half of their memory."""
        if self.expect == USUAL:
            self.__dict__["expect"] = USUAL
        return self

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.body is not None and self.method not in BODIED:
            raise ValueError(f"a body goes with {', '.join(sorted(BODIED))}; set method")
        if self.auth and any(name.lower() == "authorization" for name in self.headers):
            raise ValueError("auth and the header Authorization say the same; keep one")
        if self.expires_in and not self.url.lower().startswith("https:"):
            raise ValueError("expires_in is about a certificate: it goes with https://")
        return self

    @cached_property
    def _request(self) -> Prepared:
        headers = {name: value.get_secret_value() for name, value in self.headers.items()}
        if self.auth is not None:
            headers["Authorization"] = self.auth.header
        if self.body is None:
            return Network.prepare(self.method, self.url, headers, family=self.ip)
        text = isinstance(self.body, str)
        if not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = PLAIN if text else JSON
        content = (self.body if text else json.dumps(self.body, ensure_ascii=False)).encode("utf-8", "replace")
        return Network.prepare(self.method, self.url, headers, content, family=self.ip)

    @cached_property
    def _cap(self) -> int:
        return self.expect.cap

    async def _read(self, route: str, answer: Answer) -> Reading:
        if who := expectations.declared_challenge(answer.headers):
            return expectations.of_challenge(route, answer, who)
        outcome, why = self.expect.settled(answer) or await self.expect.judge(answer)
        if outcome is Outcome.OK:
            if self.expires_in is None:
                return Reading(route, Outcome.OK, took=answer.took, reused=answer.reused)
            until = answer.certificate_until
            return expectations.of_certificate(route, until, self.expires_in, answer.took, reused=answer.reused)
        if who := expectations.shown_challenge(answer):
            return expectations.of_challenge(route, answer, who)
        if expectations.is_rate_limit(answer) and not self.expect.lists(answer.status):
            return expectations.of_rate_limit(route, answer)
        by = network(answer.headers) if outcome is Outcome.FAILED else ""
        return Reading(route, outcome, why, answer.took, answer.reused, by)
