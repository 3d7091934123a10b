"""What the page costs where very many services are watched: the first one after a start, and one after a change."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

from benchmarks.checks import Size
from benchmarks.figures import Row
from bot.garbage import unsearched
from bot.model import Confidence, Health, Incident, Overview, Service, ServiceState, Style
from bot.web import status_page
from bot.web.pages import HTML, DrawnRows
from bot.web.ready import prepared
from bot.web.rendering import draw

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
STYLE = Style("en", "Europe/Madrid")
LEAST = "0.3 s or less"


class Site:
    """The parts of a site that draw its page and remember its rows."""

    def __init__(self) -> None:
        self._rows, self._markup = status_page.Rows(), DrawnRows(STYLE)

    def cost(self, seen: Overview) -> float:
        """Seconds of CPU for the page, compressed."""
        began = time.process_time()
        self._markup.begin()
        page = status_page.page(seen, STYLE, self._rows)
        text = draw("status.html", title="Status", style=STYLE, root="", page=page, form=[], drawn=self._markup)
        prepared(text, HTML, {})
        return time.process_time() - began


async def rows(size: Size) -> list[Row]:
    count = 1000 if size.quick else 10_000
    services = [Service(f"s{number}", f"Service number {number}") for number in range(count)]
    states = {
        one.id: ServiceState(one.id, up_since=NOON - timedelta(hours=number % 500))
        for number, one in enumerate(services)
    }
    with unsearched():  # as in the daemon
        first, *later = _costs(services, states)
    what = f"page of {count:,} services: CPU"
    return [
        Row(f"{what} of the first after a start", f"{first:.2f} s", LEAST),
        Row(f"{what} after one of them went down, median of 5", f"{sorted(later)[2]:.2f} s", LEAST),
    ]


def _costs(services: list[Service], states: dict[str, ServiceState]) -> Iterator[float]:
    """Of the first page, and of one more for each of five services that goes down."""
    site = Site()
    yield site.cost(_seen(services, states, NOON))
    for number, one in enumerate(services[len(services) // 2 :][:5], 1):
        at = NOON + timedelta(minutes=number)
        incident = Incident(one.id, 1, at, Health.DOWN, Confidence.CONFIRMED, confirmed_at=at)
        states[one.id] = ServiceState(one.id, incident=incident)
        yield site.cost(_seen(services, states, at))


def _seen(services: list[Service], states: Mapping[str, ServiceState], at: datetime) -> Overview:
    known = tuple((one, states[one.id]) for one in services)
    return Overview(at, known, tuple(state.incident for _, state in known if state.incident))
