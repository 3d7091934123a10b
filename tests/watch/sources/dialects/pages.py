"""Recorded status pages, and what may be made of them."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.model import Role, SourceReport
from bot.watch.sources.dialects.base import NAME, Asked, Dialect, silence
from bot.watch.sources.dialects.statuspage import DIALECT

DATA = Path(__file__).parents[3] / "data" / "statuspages"
GITHUB = DATA / "statuspage-v2-github-summary-2026-07.json"
OPENAI = DATA / "incidentio-statuspage-compat-openai-summary-2026-07.json"
EMMA = DATA / "statuspage-v2-emma-incidents-2019.json"
CLAUDE = DATA / "statuspage-v2-claude-scheduled-maintenances-2026-09.json"
URL = "https://status.example.org/"
NOW = datetime(2026, 11, 21, 14, 1, tzinfo=UTC)
SILENT = SourceReport(Role.OFFICIAL, NAME, None, at=NOW)


def load(path: Path) -> dict[str, Any]:
    return json.loads(path.read_bytes())


def told(dialect: Dialect, *bodies: bytes, components: tuple[str, ...] = ()) -> SourceReport:
    """What a dialect makes of these answers; what it does not understand is silence, as for whoever reads the page."""
    try:
        return dialect.parse(bodies, Asked(URL, components, NOW))
    except (ValueError, RecursionError):
        return silence(NOW)


def said(page: object, *components: str) -> SourceReport:
    return told(DIALECT, json.dumps(page).encode(), components=components)


def incident(name: str = "Elevated errors", **more: Any) -> dict[str, Any]:
    """An incident of a real page, opened again."""
    recorded = copy.deepcopy(load(EMMA)["incidents"][0])
    return recorded | {"name": name, "status": "investigating", "impact": "minor", "resolved_at": None} | more


def github(*incidents: dict[str, Any], indicator: str = "minor", **status: str) -> dict[str, Any]:
    """GitHub's page with these incidents and with components in these states ("API_Requests")."""
    page = load(GITHUB) | {"incidents": list(incidents)}
    page["status"]["indicator"] = indicator
    for component in page["components"]:
        component["status"] = status.get(component["name"].replace(" ", "_"), component["status"])
    return page
