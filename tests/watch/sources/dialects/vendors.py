"""Pages of the vendors whose format was shaped by hand: in trouble, as in the files, and made well, down or in maintenance."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

from bot.model import SourceReport
from bot.watch.sources.dialects import betterstack, cachet, instatus, statusio, statuspal, uptimekuma
from bot.watch.sources.dialects.base import Asked, Dialect
from tests.watch.sources.dialects.pages import DATA, NOW, load

Bodies = list[Any]
ID = "56a807c7b62d59d808000001"
URLS = {
    "statusio": f"https://status.example.org/pages/{ID}",
    "statuspal": "https://example.statuspal.eu/",
    "uptimekuma": "https://status.example.org/status/example",
}
FILES = {
    "instatus": ("instatus-summary", "instatus-components"),
    "betterstack": ("betterstack-index",),
    "statusio": ("statusio-status",),
    "cachet": ("cachet-v2-components", "cachet-v2-incidents", "cachet-v2-schedules"),
    "cachet 3": ("cachet-v3-components", "cachet-v3-incidents", "cachet-v3-schedules"),
    "uptimekuma": ("uptimekuma-page", "uptimekuma-heartbeat"),
    "statuspal": ("statuspal-summary",),
}
SPOKEN: dict[str, Dialect] = {
    "instatus": instatus.DIALECTS[0],
    "betterstack": betterstack.DIALECT,
    "statusio": statusio.DIALECT,
    "cachet": cachet.DIALECTS[0],
    "cachet 3": cachet.DIALECTS[0],
    "uptimekuma": uptimekuma.DIALECT,
    "statuspal": statuspal.DIALECT,
}


def url(vendor: str) -> str:
    return URLS.get(vendor, "https://status.example.org/")


def shaped(vendor: str) -> Bodies:
    """Fresh, to be changed."""
    return [load(DATA / f"{name}-shape.json") for name in FILES[vendor]]


def encoded(bodies: Bodies) -> tuple[bytes, ...]:
    return tuple(json.dumps(body).encode() for body in bodies)


def read(vendor: str, bodies: Bodies, *components: str, at: str = "") -> SourceReport:
    """What the page means; raise what the dialect raises."""
    return SPOKEN[vendor].parse(encoded(bodies), Asked(at or url(vendor), components, NOW))


def _instatus(bodies: Bodies, page: str, level: str) -> None:
    summary, components = bodies
    summary["page"]["status"] = page
    for one in components["components"]:
        one["status"] = level
        for child in one["children"]:
            child["status"] = level
    if page == "UP":
        del summary["activeIncidents"], summary["activeMaintenances"]


def _betterstack(bodies: Bodies, state: str) -> None:
    bodies[0]["data"]["attributes"]["aggregate_state"] = state
    bodies[0]["included"] = [one for one in bodies[0]["included"] if one["type"] == "status_page_resource"]
    for one in bodies[0]["included"]:
        one["attributes"]["status"] = state


def _statusio(bodies: Bodies, code: int, word: str) -> None:
    result = bodies[0]["result"]
    result |= {"incidents": [], "maintenance": {"active": [], "upcoming": []}}
    for one in (result["status_overall"], *result["status"], *(c for s in result["status"] for c in s["containers"])):
        one |= {"status": word, "status_code": code}


def _cachet(bodies: Bodies, status: int) -> None:
    for one in bodies[0]["data"]:
        if "attributes" in one:
            one["attributes"]["status"]["value"] = status
        else:
            one["status"] = status
    bodies[1]["data"], bodies[2]["data"] = [], []


def _uptimekuma(bodies: Bodies, status: int) -> None:
    bodies[0] |= {"incident": None, "maintenanceList": []}
    for beats in bodies[1]["heartbeatList"].values():
        beats[-1]["status"] = status


def _statuspal(bodies: Bodies, state: str | None) -> None:
    def mark(service: dict[str, Any]) -> None:
        service["current_incident_type"] = state
        for child in service["children"]:
            mark(child)

    bodies[0]["status_page"]["current_incident_type"] = state
    bodies[0] |= {"incidents": [], "upcoming_maintenances": []}
    for service in bodies[0]["services"]:
        mark(service)


MAKE: dict[str, dict[str, Callable[[Bodies], None]]] = {
    "instatus": {
        "well": lambda b: _instatus(b, "UP", "OPERATIONAL"),
        "down": lambda b: _instatus(b, "HASISSUES", "MAJOROUTAGE"),
        "maintenance": lambda b: (
            _instatus(b, "UP", "UNDERMAINTENANCE"),
            b[0]["page"].update(status="UNDERMAINTENANCE"),
        ),
    },
    "betterstack": {
        "well": lambda b: _betterstack(b, "operational"),
        "down": lambda b: _betterstack(b, "downtime"),
        "maintenance": lambda b: _betterstack(b, "maintenance"),
    },
    "statusio": {
        "well": lambda b: _statusio(b, 100, "Operational"),
        "down": lambda b: _statusio(b, 500, "Service Disruption"),
        "maintenance": lambda b: _statusio(b, 200, "Planned Maintenance"),
    },
    "cachet": {
        "well": lambda b: _cachet(b, 1),
        "down": lambda b: _cachet(b, 4),
        "maintenance": lambda b: _cachet(b, 6),
    },
    "uptimekuma": {
        "well": lambda b: _uptimekuma(b, 1),
        "down": lambda b: _uptimekuma(b, 0),
        "maintenance": lambda b: _uptimekuma(b, 3),
    },
    "statuspal": {
        "well": lambda b: _statuspal(b, None),
        "down": lambda b: _statuspal(b, "major"),
        "maintenance": lambda b: _statuspal(b, "scheduled"),
    },
}
MAKE["cachet 3"] = MAKE["cachet"]


def made(vendor: str, how: str) -> Bodies:
    """The page, made "well", "down" or in "maintenance"."""
    bodies = copy.deepcopy(shaped(vendor))
    MAKE[vendor][how](bodies)
    return bodies
