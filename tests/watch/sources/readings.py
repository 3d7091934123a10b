"""The right reading of every recorded and shaped status page, judged by eye at the time of its recording."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.model import Health, SourceReport
from bot.watch.sources.dialects import aws, betterstack, googlecloud, incidentio, slack, statuspage
from bot.watch.sources.dialects.base import Asked, Dialect
from bot.watch.sources.dialects.feed import ATOM, AZURE, RSS
from tests.watch.sources.dialects import vendors
from tests.watch.sources.dialects.feeds import utc
from tests.watch.sources.dialects.pages import DATA, NOW

UP, DEGRADED, DOWN = Health.UP, Health.DEGRADED, Health.DOWN
MOMENT = utc(2026, 11, 20, 12)
Work = tuple[str, datetime, datetime | None]


@dataclass(frozen=True)
class Reading:
    """A page as it was at a time: `files` make its bodies, each changed by `prepare`; and the right reading of it."""

    name: str
    dialect: Dialect
    files: tuple[str, ...]
    at: datetime
    says: Health
    headline: str = ""
    since: datetime | None = None
    planned: tuple[Work, ...] = ()
    url: str = "https://status.example.org/"
    prepare: Callable[[str], str] = str

    @property
    def bodies(self) -> tuple[bytes, ...]:
        return tuple(self.prepare(_text((DATA / name).read_bytes())).encode() for name in self.files)

    @property
    def right(self) -> Gist:
        return Gist(self.says, self.headline, self.since, self.planned)

    def read(self, bodies: tuple[bytes, ...]) -> Gist | str:
        """What is read of these bodies; the name of the error if they are not understood."""
        try:
            return gist(self.dialect.parse(bodies, Asked(self.url, (), self.at)))
        except (ValueError, RecursionError) as error:
            return f"silence: {str(error)[:60]!r}"


@dataclass(frozen=True)
class Gist:
    says: Health | None
    headline: str
    since: datetime | None
    planned: tuple[Work, ...]


def gist(report: SourceReport) -> Gist:
    planned = tuple(sorted((one.name, _minute(one.since), one.until and _minute(one.until)) for one in report.planned))
    return Gist(report.says, report.headline, report.since and _minute(report.since), planned)


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _text(body: bytes) -> str:
    return body.decode("utf-16" if body[:2] in {b"\xff\xfe", b"\xfe\xff"} else "utf-8")


def _without_newest(text: str) -> str:
    """A feed of Statuspage as it was before the newest update of its first entry."""
    return re.sub(
        r"&lt;p&gt;(?:(?!&lt;/p&gt;).)*?Resolved(?:(?!&lt;/p&gt;).)*&lt;/p&gt;", "", text, count=1, flags=re.DOTALL
    )


def _resolved(text: str) -> str:
    return text.replace("Status: Monitoring", "Status: Resolved").replace("(Partial outage)", "(Operational)")


def _opened(text: str) -> str:
    """Google Cloud's page as if two of its incidents were not over."""
    page = json.loads(text)
    for number in (1, 3):
        del page[number]["end"]
    return json.dumps(page)


def _open_again(text: str) -> str:
    """Statuspage's incidents as if the newest were still monitored."""
    page = json.loads(text)
    newest = page["incidents"][0]
    newest |= {"status": "monitoring", "resolved_at": None, "impact": "minor"}
    newest["incident_updates"] = newest["incident_updates"][1:]
    return json.dumps(page)


def _xai_open(text: str) -> str:
    """xAI's feed as it was before the first entry was resolved."""
    head, _, tail = text.partition("<h3>Status: RESOLVED</h3>")
    tail = re.sub(r"<p>Resolved: [^<]*</p>", "", tail, count=1)
    tail = re.sub(r"<div><p><strong>[^<]*</strong></p><h3>Resolved</h3>.*?</div>", "", tail, count=1)
    return head + "<h3>Status: INVESTIGATING</h3>" + tail.replace("<category>resolved", "<category>investigating", 1)


ACTIONS = "Delays in UI updates for Actions Runs"
SSO, LOGIN = "Single Sign On (SSO) login issues", "Login failing for some users"
LAX = ("LAX (Los Angeles) on 2025-07-03", utc(2025, 7, 3, 3), utc(2025, 7, 3, 5, 30))
EMMA = "Intermittent navigation/sending trouble for some users"
TONIGHT = (utc(2026, 11, 22, 2), utc(2026, 11, 22, 3))
UPGRADE = ("Database upgrade", utc(2026, 11, 21, 13), utc(2026, 11, 21, 15))
ESSENTIAL = ("Essential maintenance", utc(2026, 11, 24, 2), utc(2026, 11, 24, 4))


def _feed(name: str, file: str, at: datetime, says: Health, *right: Any, **more: Any) -> Reading:
    return Reading(name, ATOM if file.endswith("atom") else RSS, (file,), at, says, *right, **more)


FEEDS: tuple[Reading, ...] = (
    *(
        row
        for kind in ("rss", "atom")
        for row in (
            _feed(f"github {kind}", f"statuspage-github-history-2026-02-04.{kind}", utc(2026, 2, 5, 5, 11), UP),
            _feed(
                f"github {kind}, open",
                f"statuspage-github-history-2026-02-04.{kind}",
                utc(2026, 2, 3, 20),
                DEGRADED,
                ACTIONS,
                utc(2026, 2, 3, 16, 10),
                prepare=_without_newest,
            ),
        )
    ),
    _feed("cloudflare", "rssexp-cloudflare_outage.atom", utc(2025, 6, 19, 22, 8), UP),
    _feed(
        "cloudflare, open",
        "rssexp-cloudflare_outage.atom",
        utc(2025, 6, 19, 22, 8),
        DEGRADED,
        "DNS Service Outage - Global",
        utc(2025, 6, 19, 14, 30),
        prepare=_without_newest,
    ),
    _feed("cloudflare's work", "rssexp-cloudflare_maintenance.atom", utc(2025, 6, 19, 22, 8), UP, "", None, (LAX,)),
    _feed(
        "okta",
        "rssexp-okta_service_disruption.atom",
        utc(2025, 6, 19, 15, 11),
        DEGRADED,
        "Service Disruption",
        utc(2025, 6, 19, 14, 30),
    ),
    _feed("openai", "rssexp-openai_monitoring.rss", utc(2025, 10, 20, 9, 51), DEGRADED, SSO, utc(2025, 10, 20, 9, 43)),
    _feed("openai, over", "rssexp-openai_monitoring.rss", utc(2025, 10, 20, 9, 51), UP, prepare=_resolved),
    _feed("athena, over", "rssexp-aws_multi_item.rss", utc(2025, 6, 13, 17, 2), UP),
    _feed(
        "athena",
        "rssexp-aws_athena_us_west_2_issue.rss",
        utc(2025, 6, 13, 17, 2),
        DEGRADED,
        "Service impact: Increased Queue Processing Time",
        utc(2025, 6, 13, 16, 38),
    ),
    Reading(
        "azure",
        AZURE,
        ("rssexp-azure_issue.rss",),
        utc(2025, 6, 13, 17, 2),
        DEGRADED,
        "Service issue: Storage - East US",
        utc(2025, 6, 13, 16, 38),
    ),
    Reading("azure, well", AZURE, ("azure-feed-well-2026-08.xml",), utc(2026, 8, 1, 0, 22), UP),
    _feed("xai", "xai-feed-2026-10-07.xml", utc(2026, 10, 7, 0, 40), UP),
    _feed(
        "xai, open",
        "xai-feed-2026-10-07.xml",
        utc(2026, 10, 7, 0, 28),
        DEGRADED,
        "[grok.com] grok.com",
        utc(2026, 10, 7, 0, 24),
        prepare=_xai_open,
    ),
    _feed("oldest first", "feed-updates-oldest-first-shape.rss", MOMENT, UP),
    _feed("headings", "feed-stages-in-headings-shape.rss", MOMENT, UP),
    _feed(
        "future",
        "feed-from-the-future-shape.rss",
        MOMENT,
        DEGRADED,
        "API is down",
        None,
        (("Network upgrade in eu-west", utc(2026, 11, 21, 12), None),),
    ),
    _feed("languages", "feed-languages-shape.rss", MOMENT, UP),
    _feed("undated", "feed-undated-shape.rss", MOMENT, UP),
    _feed("entity", "feed-entity-shape.rss", MOMENT, DEGRADED, "X", utc(2026, 11, 20, 11)),
)

PAGES: tuple[Reading, ...] = (
    Reading("github", statuspage.DIALECT, ("statuspage-v2-github-summary-2026-07.json",), utc(2026, 7, 1, 16), UP),
    Reading(
        "openai's look-alike",
        statuspage.DIALECT,
        ("incidentio-statuspage-compat-openai-summary-2026-07.json",),
        utc(2026, 7, 1, 16),
        UP,
    ),
    Reading(
        "anydesk",
        statuspage.DIALECT,
        ("statuspage-v2-anydesk-summary-2024-01.json",),
        utc(2024, 1, 31, 19),
        UP,
    ),  # its work is on one of ten components
    Reading(
        "emma",
        statuspage.DIALECT,
        ("statuspage-v2-emma-incidents-2019.json",),
        utc(2019, 2, 20, 20),
        UP,
        url="https://status.example.org/api/v2/incidents.json",
    ),
    Reading(
        "emma, open",
        statuspage.DIALECT,
        ("statuspage-v2-emma-incidents-2019.json",),
        utc(2019, 2, 20, 19, 30),
        DEGRADED,
        EMMA,
        utc(2019, 2, 20, 18, 0),
        prepare=_open_again,
        url="https://status.example.org/api/v2/incidents.json",
    ),
    Reading(
        "claude",
        statuspage.DIALECT,
        ("statuspage-v2-claude-scheduled-maintenances-2026-09.json",),
        utc(2025, 9, 1),
        UP,
        url="https://status.example.org/api/v2/scheduled-maintenances.json",
    ),
    Reading("incident.io", incidentio.DIALECTS[0], ("incidentio-proxy-shape.json",), NOW, UP),
    Reading(
        "incident.io's widget",
        incidentio.DIALECTS[1],
        ("incidentio-widget-shape.json", "incidentio-statuspage-compat-openai-summary-2026-07.json"),
        NOW,
        DEGRADED,
        LOGIN,
        None,
        (UPGRADE, ESSENTIAL),
    ),
    Reading(
        "slack",
        slack.DIALECT,
        ("slack-status-current-active-2023-09.json",),
        utc(2023, 9, 26, 19),
        DEGRADED,
        "Can't dismiss Now you've got Later",
        utc(2023, 9, 26, 18, 34),
    ),
    Reading(
        "aws",
        aws.DIALECT,
        ("aws-currentevents-2026-08.json",),
        utc(2026, 8, 1),
        DEGRADED,
        "Multiple services (UAE): Increased Error Rates",
        utc(2026, 3, 1, 12, 51),
    ),
    Reading("aws, old", aws.DIALECT, ("aws-data-json-2022-07.json",), utc(2022, 7, 14), UP),
    Reading("google", googlecloud.DIALECT, ("gcp-incidents-2022-07.json",), utc(2022, 7, 14), UP),
    Reading(
        "google, open",
        googlecloud.DIALECT,
        ("gcp-incidents-2022-07.json",),
        utc(2022, 7, 14),
        DEGRADED,
        "Intermittent Cloud Composer creation failures in select regions and elevated error rates during Cloud SQL "
        "instance creation.",
        utc(2022, 6, 30, 18, 12),
        prepare=_opened,
    ),
    Reading(
        "better stack's list",
        betterstack.DIALECT,
        ("betterstack-list-shape.json",),
        utc(2026, 7, 21, 1),
        DEGRADED,
        "Inference API degraded",
        utc(2026, 7, 21),
    ),
    *(
        Reading(
            vendor,
            vendors.SPOKEN[vendor],
            tuple(f"{name}-shape.json" for name in vendors.FILES[vendor]),
            NOW,
            *right,
            url=vendors.url(vendor),
        )
        for vendor, right in {
            "instatus": (
                DEGRADED,
                "We're facing an issue with our API",
                utc(2026, 11, 21, 13, 2),
                (("Database maintenance", *TONIGHT),),
            ),
            "betterstack": (
                DEGRADED,
                "Elevated error rates on the API",
                utc(2026, 11, 21, 13, 2),
                (("Database upgrade", *TONIGHT),),
            ),
            "statusio": (
                DEGRADED,
                "API requests fail in US-West",
                utc(2026, 11, 21, 13, 2),
                (("Database upgrade", *TONIGHT),),
            ),
            "cachet": (
                DEGRADED,
                "API requests fail",
                utc(2026, 11, 21, 13, 2),
                (("Database upgrade", *TONIGHT), ("Moving the database", TONIGHT[0], None)),
            ),
            "cachet 3": (DEGRADED, "API requests fail", utc(2026, 11, 21, 13, 2), (("Database upgrade", *TONIGHT),)),
            "uptimekuma": (DEGRADED, "API requests fail", utc(2026, 11, 21, 13, 10), (("Database upgrade", *TONIGHT),)),
            "statuspal": (DEGRADED, "Machines in zone B do not start", utc(2026, 11, 21, 13, 2), ()),
        }.items()
    ),
)
