"""Links beside a notice: the vendor's status page, and our own page of the incident."""

from __future__ import annotations

from collections.abc import Sequence

from bot.model import (
    OURSELVES,
    Incident,
    Link,
    LinkKind,
    Origin,
    Role,
    Service,
    Window,
    for_people,
    incident_path,
    service_path,
)
from bot.wording.catalog import Catalog
from bot.wording.titles import official_word


def links(incident: Incident, service: Service, say: Catalog, words: str = "") -> tuple[Link, ...]:
    """The vendor's page first, then ours, as far as there are any. `words`: the notice's text; an address that stands
    there is not given again.
    """
    if service.channel or service.id == OURSELVES:
        return ()
    found = []
    if (url := vendor(incident, service)) and url not in words:
        found.append(Link(LinkKind.VENDOR, say.links.vendor, url))
    if service.site:
        ours = f"{service.site}{incident_path(service.id, incident.number)}"
        found.append(Link(LinkKind.PAGE, say.links.incident, ours))
    return tuple(found)


def overview(site: str, say: Catalog) -> tuple[Link, ...]:
    """Our page of all services. `site`: its public address; empty: none."""
    return (Link(LinkKind.PAGE, say.links.overview, f"{site}/"),) if site else ()


def of_maintenance(window: Window, services: Sequence[Service], site: str, say: Catalog) -> tuple[Link, ...]:
    """The vendor's page, if it announced the window, and ours. `services`: those that the reader follows; empty: all."""
    if len(services) != 1:
        return overview(site, say)
    [service] = services
    found = []
    if window.origin is Origin.OFFICIAL and service.status_page:
        found.append(Link(LinkKind.VENDOR, say.links.vendor, service.status_page))
    if service.site:
        found.append(Link(LinkKind.PAGE, say.links.service, f"{service.site}{service_path(service.id)}"))
    return tuple(found)


def vendor(incident: Incident | None, service: Service) -> str:
    """The address of the vendor's page of the incident, if its status page gave one; else of the status page."""
    if incident is None:
        return service.status_page
    word, last = official_word(incident), incident.official_last
    said = next((report.link for report in (word, last) if report and for_people(report.link)), "")
    silent = (report.link for report in incident.reports if report.role is Role.OFFICIAL)
    return said or service.status_page or next(filter(None, map(for_people, silent)), "")
