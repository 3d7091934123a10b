"""What the tests of the pages show: services in every state, at one moment of 14 July 2022 in Madrid."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta

import httpx

from bot.model import OURSELVES, Confidence, Health, Incident, Overview, Service, ServiceState, Style
from bot.web.app import Metrics, site
from tests.wording.outages import DOWN, PARTLY, POSSIBLE, SLACK, X, at

NOW = at(14, 21)
CALM, MAIL, NEW = Service("cf", "Cloudflare"), Service("mail", "Our mail"), Service("new", "Brand new")
PARTLY_SLACK = replace(PARTLY, service="slack", number=4, since=at(14, 15), confirmed_at=at(14, 16))
PAST = replace(DOWN, service="cf", number=3, since=at(11), until=at(11, 38), confirmed_at=at(11, 1))
UNSEEN = Incident(OURSELVES, 1, at(8), Health.UNKNOWN, Confidence.CONFIRMED, confirmed_at=at(8), until=at(8, 30))
SERVICES = (
    (CALM, ServiceState("cf", up_since=at(11, 38))),
    (MAIL, ServiceState("mail", incident=replace(POSSIBLE, service="mail", number=2, since=at(14, 20)))),
    (NEW, ServiceState("new")),
    (SLACK, ServiceState("slack", incident=PARTLY_SLACK)),
    (X, ServiceState("x", incident=DOWN)),
)
EVERYTHING = Overview(NOW, SERVICES, (PARTLY_SLACK, DOWN, PAST, UNSEEN))
QUIET = Overview(NOW, ((CALM, ServiceState("cf", up_since=at(11, 38, day=1))),))


@dataclass
class Stage:
    """What the pages are told, and how often they asked."""

    overview: Overview = EVERYTHING
    vitals: Metrics = field(
        default_factory=lambda: Metrics(NOW, NOW - timedelta(hours=1), NOW - timedelta(seconds=5), {"slack": 3}, {}, {})
    )
    trouble: Exception | None = None
    asked: int = 0

    async def seen(self, since):
        self.asked += 1
        if self.trouble:
            raise self.trouble
        return self.overview

    async def how(self):
        if self.trouble:
            raise self.trouble
        return self.vitals

    def site(self, style=None, title="Example Daily status", doors=()):
        style = style or Style("en", "Europe/Madrid")
        return site(overview=self.seen, vitals=self.how, title=title, style=style, clock=lambda: NOW, doors=doors)


@asynccontextmanager
async def browsing(stage, **more):
    transport = httpx.ASGITransport(stage.site(**more))
    async with httpx.AsyncClient(transport=transport, base_url="http://tocsin.example") as web:
        yield web
