"""Webhook: each notice as JSON to the destination's URL, webhook:https://..."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from bot.channels.providers import connecting
from bot.contracts import Answer, Answering, Between, ChannelContext, Net, Pace, Reach, Seconds, Trouble, Unclear
from bot.contracts.retry_after import later
from bot.model import (
    AdviceCode,
    Delivery,
    DeliveryAction,
    Later,
    Reason,
    ReasonCode,
    Receipt,
    RefusalScope,
    Refused,
    Sent,
    Unsure,
)

LONGEST = 2000  # characters of a URL
UNUSABLE = Reason.of(ReasonCode.URL_UNUSABLE, advice=AdviceCode.WRITE_WEBHOOK_URL)

encode = json.JSONEncoder(separators=(",", ":")).encode  # dumps() makes an encoder per call


class WebhookSettings(BaseModel):
    """The URL belongs to the destination, so that each receiver has its own."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")
    edits: ClassVar[bool] = True
    pace: ClassVar[Pace] = Pace()
    gathers: ClassVar[bool] = False
    finds: ClassVar[bool] = False
    looks: ClassVar[bool] = False
    lives: ClassVar[bool] = False

    kind: Literal["webhook"] = "webhook"
    timeout: Annotated[Seconds, Between(0.01, 120)] = 20.0  # s in all; a short time-out causes repeats
    watch: str | None = None

    @contextlib.asynccontextmanager
    async def open(self, desk: ChannelContext) -> AsyncIterator[WebhookChannel]:
        yield WebhookChannel(desk.net, timedelta(seconds=self.timeout))

    def place_problem(self, place: str) -> str:
        from bot.net import Network  # noqa: PLC0415 # loads the HTTP client

        try:
            if len(place) <= LONGEST and place.startswith(("https://", "http://")) and not re.search(r"\s", place):
                Network.prepare("POST", place)
                return ""
        except ValueError:
            pass
        return "is no address that can be asked; expected webhook:https://host/path"

    @staticmethod
    def person_problem(person: str) -> str:
        return "" if person else "names nobody"

    async def probe(self, net: Net, *, often: bool = False) -> Reason | Unclear | None:
        """Nothing to check, as there is no account: a test notice proves each receiver."""
        return None


class WebhookChannel:
    """Sends by POST. The URL is a secret, often with a token in it, even in its host: no part is ever named."""

    def __init__(self, net: Net, timeout: timedelta) -> None:
        self._net = net
        self._timeout = timeout

    async def send(self, delivery: Delivery) -> Receipt:
        """Post once. `Sent.ref` is the `key` in the body, which later messages of the thread have as `root`."""
        url = delivery.destination.place
        try:
            content = encode(body(delivery)).encode("ascii")
            headers = {"Content-Type": "application/json", "Idempotency-Key": once(delivery)}
            request = self._net.prepare("POST", url, headers, content)
        except ValueError:
            return Refused(UNUSABLE, RefusalScope.DESTINATION)
        answer = await self._net.fetch(request, timeout=self._timeout, cap=4096)
        if isinstance(answer, Trouble):
            return Unsure(answer.why) if answer.left else Later(answer.why)
        if 200 <= answer.status < 300:
            return Sent(name(delivery))
        return meaning(answer)

    async def listen(self, answer: Answering) -> None:
        """Return at once: there are no replies."""

    async def account(self) -> Reach:
        return Reach(True, "needs no account")

    async def reach(self, place: str) -> Reach:
        try:
            parts = urlsplit(place)
            host, secure, port = parts.hostname or "", parts.scheme == "https", parts.port
        except ValueError:
            return Reach(False, UNUSABLE)
        return await connecting(self._net, host, port or (443 if secure else 80), secure=secure, timeout=self._timeout)


def body(delivery: Delivery) -> dict[str, Any]:
    """The JSON for receivers. `version` counts its forms; within one, only new keys are added."""
    notice = delivery.notice
    words = (notice.root or notice.words) if delivery.action is DeliveryAction.EDIT else notice.words
    links = [{"kind": link.kind.value, "label": link.label, "url": link.url} for link in notice.links]
    return {
        "version": 1,
        "key": name(delivery),
        "thread": notice.thread,
        "service": notice.thread.partition("#")[0],
        "act": delivery.action.value,
        "root": delivery.root,  # the key of the thread's first message, which an edit replaces
        "fresh": notice.fresh,  # false: shown quietly, within the thread
        "tone": notice.tone.value,
        "title": words.title,
        "lines": words.lines,
        "text": words.text,
        "at": notice.at.isoformat() if notice.at else None,
    } | ({"links": links} if links else {})


def meaning(answer: Answer) -> Receipt:
    """The receipt for an answer other than 2xx."""
    why = Reason.of(ReasonCode.HTTP_STATUS, status=answer.status)
    match answer.status:
        case 429 | 503:
            return later(why, answer.headers.get("retry-after"))
        case 408:
            return Unsure(why)
        case status if status >= 500:
            return Unsure(why)
        case 401 | 403 | 404 | 410:
            return Refused(why, RefusalScope.DESTINATION)
        case status if 300 <= status < 400:
            leads = Reason.of(ReasonCode.URL_REDIRECTS, status=status, advice=AdviceCode.GIVE_FINAL_ADDRESS)
            return Refused(leads, RefusalScope.DESTINATION)
        case _:
            return Refused(why)


def name(delivery: Delivery) -> str:
    """The delivery's key without the destination, which is the secret URL: "x#17/3", "x#17/3;edit"."""
    return delivery.key.replace(f"@{delivery.destination}", "")


def once(delivery: Delivery) -> str:
    """An id that is the same in every attempt, so that receivers can drop repeats. The time tells a new x#17 from the
    one of a lost database.
    """
    return hashlib.sha256(f"{delivery.key} {delivery.notice.at}".encode()).hexdigest()[:32]
