"""A digest as its readers have it, from an overview."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.model import DeliverySummary, DigestOrder, Document, Notice, Overview, Style
from bot.notify import digest
from bot.wording import document


def made(
    overview: Overview,
    since: datetime,
    style: Style,
    order: DigestOrder,
    log: DeliverySummary,
) -> tuple[Notice, Document]:
    known = digest.facts(order, overview, since, style, log)
    return digest.notice(known, style, f"digest:{order.name}:day"), document(known, style)


def order(name: str = "comms", title: str = "", services: Sequence[str] = (), **more: object) -> DigestOrder:
    return DigestOrder(name, title, tuple(services), **more)
