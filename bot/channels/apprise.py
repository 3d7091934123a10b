"""Apprise: a hundred more services, by its URLs.

It gives neither the reason of a failure nor a message's id, so nothing can be edited or threaded.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import re
import warnings
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict

from bot.channels.providers import UNPROVEN, connecting
from bot.contracts import Answering, ChannelContext, Net, Pace, Reach, Unclear
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
    Tone,
)

if TYPE_CHECKING:
    from apprise import Apprise

TIMEOUT = timedelta(seconds=10)  # for trying a connection
MISSING = Reason.of(ReasonCode.APPRISE_MISSING, advice=AdviceCode.INSTALL_APPRISE)
UNKNOWN = Reason.of(ReasonCode.APPRISE_URL_UNKNOWN)
FAILURES = frozenset({Tone.DOWN})
WARNINGS = frozenset({Tone.DEGRADED, Tone.POSSIBLE})


class AppriseSettings(BaseModel):
    """The destination is apprise: and any Apprise URL."""

    model_config = ConfigDict(defer_build=True, frozen=True, extra="forbid")
    edits: ClassVar[bool] = False
    pace: ClassVar[Pace] = Pace()
    gathers: ClassVar[bool] = True
    finds: ClassVar[bool] = False
    looks: ClassVar[bool] = False
    lives: ClassVar[bool] = False

    kind: Literal["apprise"] = "apprise"
    watch: str | None = None

    @contextlib.asynccontextmanager
    async def open(self, desk: ChannelContext) -> AsyncIterator[AppriseChannel]:
        if installed := is_installed():
            await asyncio.to_thread(load)
        yield AppriseChannel(desk.net, installed=installed)

    def place_problem(self, place: str) -> str:
        """Without the extra, only check that it is a URL."""
        if not re.match(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://.", place):
            return "is no Apprise URL; expected apprise:<kind>://..., as its documentation shows"
        if is_installed() and not known(place):
            return "is no URL that Apprise knows; compare it with Apprise's documentation of this kind"
        return ""

    @staticmethod
    def person_problem(person: str) -> str:
        return "" if person else "names nobody"

    async def probe(self, net: Net, *, often: bool = False) -> Reason | Unclear | None:
        """Only check that the extra is installed: an Apprise URL can be proven by a test notice alone."""
        return None if is_installed() else MISSING


class AppriseChannel:
    """Sends through Apprise. A URL is a secret, so none is ever named."""

    def __init__(self, net: Net, *, installed: bool) -> None:
        self._net = net
        self._installed = installed
        self._known: dict[str, Apprise | None] = {}  # by URL, since reading one takes a while

    async def send(self, delivery: Delivery) -> Receipt:
        if not self._installed:
            return Refused(MISSING, RefusalScope.ACCOUNT)
        if delivery.action is DeliveryAction.EDIT:
            return Sent()
        from apprise import NotifyFormat  # noqa: PLC0415  an unused channel costs nothing

        notice, service = delivery.notice, self._service(delivery.destination.place)
        if service is None:
            return Refused(UNKNOWN, RefusalScope.DESTINATION)
        done = await service.async_notify(
            title=notice.words.title,
            # many services refuse an empty body
            body="\n".join((*notice.words.lines, *(link.text for link in notice.links))) or notice.words.title,
            body_format=NotifyFormat.TEXT,
            notify_type=kind(notice.tone),
        )
        return Sent() if done else Later(Reason.of(ReasonCode.APPRISE_FAILED))

    async def listen(self, answer: Answering) -> None:
        """Return at once: there are no replies."""

    async def account(self) -> Reach:
        return Reach(True, "is installed, and needs no account") if self._installed else Reach(False, MISSING)

    async def reach(self, place: str) -> Reach:
        service = self._service(place) if self._installed else None
        if service is None:
            return Reach(False, UNKNOWN if self._installed else MISSING)
        if (led := leads_to(service[0])) is None:
            return Reach(None, f"Apprise does not tell where this leads, and {UNPROVEN}")
        host, port, secure = led
        return await connecting(self._net, host, port, secure=secure, timeout=TIMEOUT)

    def _service(self, url: str) -> Apprise | None:
        if url not in self._known:
            self._known[url] = read(url)
        return self._known[url]


def leads_to(plugin: Any) -> tuple[str, int, bool] | None:
    """Host, port, and whether TLS is used from the first byte; None if a plugin does not show them."""
    address: Any = getattr(plugin, "cloud_notify_url", None) if getattr(plugin, "mode", "") == "cloud" else None
    address = address or getattr(plugin, "notify_url", None)
    if isinstance(address, str) and address.startswith(("https://", "http://")):
        return _of_url(address)
    relay = getattr(plugin, "smtp_host", None)
    host = relay or getattr(plugin, "host", None)
    named = relay or any("{host}" in template for template in getattr(plugin, "templates", ()))
    if not (named and isinstance(host, str) and host):
        return None
    secure = bool(getattr(plugin, "secure", False)) and not relay
    port = getattr(plugin, "port", None)
    return host, port if isinstance(port, int) else (443 if secure else 80), secure


def _of_url(address: str) -> tuple[str, int, bool] | None:
    secure, server = address.startswith("https:"), address.partition("://")[2].partition("/")[0]
    parts = urlsplit(f"//{server}")
    if "{" in server or not parts.hostname:  # its host is made of the secret
        return None
    return parts.hostname, parts.port or (443 if secure else 80), secure


def is_installed() -> bool:
    return importlib.util.find_spec("apprise") is not None


def load() -> None:
    """Import all services now: with the first URL, that would hold up the loop for a third of a second."""
    from apprise import Apprise  # noqa: PLC0415  an unused channel costs nothing

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its log names hosts, paths and parts of URLs
    Apprise.instantiate("json://localhost")


def read(url: str) -> Apprise | None:
    """Read a URL; None if Apprise cannot."""
    from apprise import Apprise, AppriseAsset, PersistentStoreMode  # noqa: PLC0415  as above

    service = Apprise(asset=AppriseAsset(storage_mode=PersistentStoreMode.MEMORY))
    return service if service.add(url) else None


@cache
def known(url: str) -> bool:
    """Whether Apprise knows a URL. Loads its services, which takes a third of a second."""
    with warnings.catch_warnings():  # from the imported services
        warnings.simplefilter("ignore")
        load()
        return read(url) is not None


def kind(tone: Tone) -> str:
    """The matching one of Apprise's four kinds."""
    if tone in FAILURES:
        return "failure"
    if tone in WARNINGS:
        return "warning"
    return "success" if tone is Tone.UP else "info"
