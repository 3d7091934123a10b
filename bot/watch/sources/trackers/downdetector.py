"""Downdetector: the number of people reporting trouble with a company, and the usual number. Its Enterprise API costs
money.

Format: `POST /tokens`, `GET /companies` of https://downdetectorapi.com/v2.
"""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from bot.contracts import Answer, Net, Source, SourceState, Trouble
from bot.model import Health, Role, SourceReport
from bot.offload.pool import SMALL, OverranError, offload
from bot.watch.sources.dialects.base import Wire, loads, understood
from bot.watch.sources.trackers import WebAddress, silence

logger = logging.getLogger(__name__)

NAME = "Downdetector"
TIMEOUT = timedelta(seconds=10)  # for one request
# one response serves all companies for this time, less than the quickest beat of a source
FRESH = timedelta(seconds=20)
EARLY = timedelta(minutes=5)  # how long before its end a token is renewed
LIVES = 3600  # seconds: the lifetime of a token that names none
MOST_COMPANIES = 1000  # of one response
MOST = 10**9  # larger counts are errors
_SAYS = {"success": Health.UP, "warning": Health.DEGRADED, "danger": Health.DOWN}


class DowndetectorSettings(BaseModel):
    """The account for the API. `api_url` may be a gateway of your own."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")
    client_id: SecretStr
    client_secret: SecretStr
    api_url: WebAddress = "https://downdetectorapi.com/v2"


class DowndetectorTracker(BaseModel):
    """`company`: the number that the API's `companies/search` gives for it; each country's site has its own."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")
    Settings: ClassVar[type[DowndetectorSettings]] = DowndetectorSettings
    in_doubt: ClassVar[bool] = False

    kind: Literal["downdetector"] = "downdetector"
    company: Annotated[int, Field(gt=0, le=10**12)]

    @classmethod
    def join(cls, said: Iterable[DowndetectorTracker], settings: DowndetectorSettings) -> Mapping[Any, Source]:
        """As in `base.Tracker`: one request covers all companies."""
        entries = tuple(dict.fromkeys(said))
        account = Account(settings, tuple(sorted({one.company for one in entries})))
        return {one: Downdetector(account, one.company) for one in entries}


class _Token(Wire):
    access_token: Annotated[str, Field(pattern=r"^[\x21-\x7e]+$")]
    expires_in: Any = None


class _Company(Wire):
    id: int
    status: str = ""
    stats_60: Any = None
    baseline_current: Any = None


@dataclass(frozen=True)
class Downdetector:
    """The reports on one company."""

    account: Account
    company: int
    kind: str = "downdetector"

    async def read(self, net: Net, now: datetime, memory: SourceState) -> SourceReport:
        """As in `contracts.Source`."""
        found, at = await self.account.ask(net, self.company, now)
        says = _SAYS.get(found.status) if found else None
        if found is None or says is None:
            return silence(NAME, at)
        reports, usual = _number(found.stats_60), _number(found.baseline_current)
        return SourceReport(Role.TRACKER, NAME, says, at=at, reports=reports, usual=usual)


@dataclass
class Account:
    """An account shared by all companies: its token, and the newest response."""

    settings: DowndetectorSettings
    companies: tuple[int, ...]
    _token: str = ""
    _until: datetime | None = None  # when the token is renewed
    _found: Mapping[int, _Company] = field(default_factory=dict)
    _at: datetime | None = None  # when it was last asked
    _refused: bool = False  # the refusal of our credentials has been logged
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ask(self, net: Net, company: int, now: datetime) -> tuple[_Company | None, datetime]:
        """The data on a company, None if there is none, and their time."""
        async with self._asking:
            if self._at is None or abs(now - self._at) >= FRESH:
                # on failure or cancellation, the others of this beat do not ask again
                self._found, self._at = (
                    {},
                    now,
                )
                self._found = await self._companies(net, now)
            return self._found.get(company), self._at

    async def _companies(self, net: Net, now: datetime) -> dict[int, _Company]:
        for _ in range(2):  # a token may end before its time
            if not await self._authorised(net, now):
                return {}
            ids = ",".join(map(str, self.companies))
            url = f"{self.settings.api_url}/companies?ids={ids}&fields=id,status,baseline_current,stats_60"
            answer = await _fetch(net, "GET", url, f"Bearer {self._token}")
            if answer is None or answer.status != 401:
                return await _understood(answer)
            self._token = ""
        return {}

    async def _authorised(self, net: Net, now: datetime) -> bool:
        """Make sure that there is a valid token; False if there is none."""
        if self._token and self._until and now < self._until:
            return True
        self._token = ""
        pair = f"{self.settings.client_id.get_secret_value()}:{self.settings.client_secret.get_secret_value()}"
        url = f"{self.settings.api_url}/tokens?grant_type=client_credentials"
        answer = await _fetch(net, "POST", url, f"Basic {b64encode(pair.encode()).decode()}", b"")
        self._complain(refused=answer is not None and answer.status in {400, 401, 403})
        try:
            good = answer is not None and answer.status == 200 and len(answer.body) <= SMALL
            token = _Token.model_validate(loads(answer.body) if answer is not None and good else None)
        except (ValueError, RecursionError):
            return False
        self._token, self._until = token.access_token, now + _life(token.expires_in)
        return True

    def _complain(self, *, refused: bool) -> None:
        if refused and not self._refused:
            logger.warning("%s does not take trackers.downdetector.client_id and client_secret", NAME)
        self._refused = refused


async def _fetch(net: Net, method: str, url: str, authorization: str, content: bytes | None = None) -> Answer | None:
    try:
        request = net.prepare(method, url, {"authorization": authorization, "accept": "application/json"}, content)
    except ValueError:
        return None
    answer = await net.fetch(request, timeout=TIMEOUT)
    return None if isinstance(answer, Trouble) or answer.cut else answer


async def _understood(answer: Answer | None) -> dict[int, _Company]:
    """The companies in a response; none if it is an error."""
    if answer is None or answer.status != 200:
        return {}
    try:
        if len(answer.body) <= SMALL:
            rows = rows_of(answer.body)
        else:
            rows = await offload(rows_of, answer.body, key=NAME)
        return {one.id: one for one in understood(list(rows), _Company, MOST_COMPANIES)}
    except (OverranError, ValueError, RecursionError):
        return {}


def rows_of(body: bytes) -> tuple[dict[str, Any], ...]:
    """The companies as plain values: only the fields we read, and no more companies than asked for."""
    rows = loads(body)
    found = [one for one in rows[:MOST_COMPANIES] if isinstance(one, dict)] if isinstance(rows, list) else []
    said = ({name: one.get(name) for name in _Company.model_fields} for one in found)
    return tuple({k: v for k, v in one.items() if isinstance(v, str | int | float)} for one in said)


def _number(value: Any) -> int | None:
    """A count of people; None if it cannot be one."""
    right = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= MOST
    return round(value) if right else None


def _life(seconds: Any) -> timedelta:
    """How long to use a token: until `EARLY` before its end, but at least half of its time."""
    whole = timedelta(seconds=_number(seconds) or LIVES)
    return whole - min(EARLY, whole / 2)
