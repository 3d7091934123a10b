"""Sites in all states that the page can show, for its pictures and for the tests in a browser."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.model import (
    Change,
    ChangeKind,
    Health,
    Origin,
    Outcome,
    Overview,
    Reading,
    Report,
    Role,
    Service,
    ServiceState,
    SourceReport,
    Streak,
    Style,
    Tally,
    Window,
)
from bot.web.app import site
from bot.web.report_form import Reporting
from tests.reasons import HTTP_503, TIMED_OUT, quote
from tests.web.pages import CALM, EVERYTHING, MAIL, NOW, PAST, QUIET, SERVICES, UNSEEN, Stage
from tests.wording.outages import ALL_CLEAR, DOWN, INVESTIGATING, REPORTS, UNSTABLE, X, at, bad

LONG = "Newsroom CMS (articles, images and live blogs) of Example Daily Madrid"
UNBROKEN = "ArticlesImagesAndLiveBlogsOfTheExampleDailyNewspaperInMadridAndLisbon"
assert (len(LONG), len(UNBROKEN)) == (70, 69)
STATUS_PAGE = "https://status.x.example/incidents/a-rather-long-address-of-the-very-incident"
LINKED = replace(X, status_page="https://status.x.example/", plan="Breaking news goes to Telegram @newsroom.")
TOLD = replace(INVESTIGATING, link=STATUS_PAGE)
ACKED = replace(
    DOWN,
    reports=(TOLD, REPORTS),
    official_at=at(14, 12),
    acked_by="Ana Beltrán",
    acked_at=at(14, 9),
    steps=4,
    official_last=TOLD,
)
STEPS = (
    Change(ChangeKind.OPENED, at(14, 0, 20), replace(DOWN, confirmed_at=None, steps=1)),
    Change(ChangeKind.CONFIRMED, at(14, 1), DOWN),
    Change(ChangeKind.ACKNOWLEDGED, at(14, 9), replace(ACKED, reports=(), official_at=None, steps=3), by="Ana Beltrán"),
    Change(ChangeKind.OFFICIAL, at(14, 12), ACKED),
)
RESTORED = replace(PAST, steps=3, worst=Health.DOWN, official_last=None)
PAST_STEPS = (
    Change(ChangeKind.CONFIRMED, at(11, 1), replace(RESTORED, until=None, steps=2)),
    Change(ChangeKind.RESTORED, at(11, 39), RESTORED),
)


@dataclass
class Past:
    """What the store would know."""

    incidents_: tuple = (ACKED, RESTORED)
    steps: tuple = (STEPS, PAST_STEPS)

    async def incidents(self, since, *, services=(), limit=200):
        return tuple(one for one in self.incidents_ if not services or one.service in services)

    async def changes(self, incident_id):
        return next((steps for steps in self.steps if steps[-1].incident.id == incident_id), ())


def _long() -> Overview:
    routes = ("a-very-long-route-of-many-words-that-nobody-shortens", "UnbrokenRouteNameWithoutAnySpaceAtAllInIt")
    word = SourceReport(Role.OFFICIAL, "Official status page", Health.DOWN, "Investigating" + "g" * 90, at=NOW)
    services = [
        (Service("cms", LONG, routes), replace(DOWN, service="cms", readings=bad(*routes, why=HTTP_503))),
        (Service("unbroken", UNBROKEN), replace(DOWN, service="unbroken", reports=(word,), readings=_wordy())),
    ]
    states = [(one, ServiceState(one.id, incident=incident)) for one, incident in services]
    calm, over = Service("calm", UNBROKEN[::-1]), replace(PAST, service="calm")
    channel = Service("slack-delivery", "Slack", ("API",), channel="slack")
    dead = ServiceState("slack-delivery", incident=replace(DOWN, service="slack-delivery", readings=_wordy()))
    return Overview(
        NOW,
        (*states, (calm, ServiceState("calm", up_since=at(3)))),
        (*(incident for _, incident in services), over),
        channels=((channel, dead),),
        unwell={"database": at(13)},
    )


def _wordy() -> tuple[Reading, ...]:
    return tuple(Reading(f"route{n}{'x' * 30}", Outcome.FAILED, quote("y" * 150)) for n in range(6))


def _forty() -> Overview:
    services = tuple(Service(f"s{n}", f"{LONG} {n}" if n % 7 == 0 else f"Service number {n}") for n in range(40))
    down = replace(DOWN, service="s7")
    state = {"s7": ServiceState("s7", incident=down)}
    return Overview(NOW, tuple((s, state.get(s.id) or ServiceState(s.id, up_since=at(3))) for s in services), (down,))


def _readme() -> Overview:
    """A week of a newspaper's services."""
    slack = Service("slack", "Slack", ("web", "api"))
    own, telegram = Service("site", "Our own site", ("home", "login")), Service("telegram", "Telegram")
    partly = replace(
        DOWN,
        service="slack",
        number=4,
        since=at(14, 15),
        health=Health.DEGRADED,
        worst=Health.DEGRADED,
        readings=bad("api", why=TIMED_OUT),
        reports=(),
        confirmed_at=at(14, 16),
    )
    down = replace(DOWN, acked_by="Ana", acked_at=at(14, 9), reports=(replace(ALL_CLEAR, at=at(14, 20)), REPORTS))
    past = (
        replace(DOWN, service="cf", number=3, since=at(12, 21, day=12), until=at(12, 59, day=12)),
        replace(partly, service="site", number=9, since=at(10, 21, day=11), until=at(12, 26, day=11)),
        replace(UNSEEN, since=at(8, 21, day=10), until=at(10, 21, day=10)),
        replace(DOWN, number=16, since=at(11, 21, day=9), until=at(11, 33, day=9)),
        replace(DOWN, service="mail", number=2, since=at(14, 31, day=8), until=at(14, 35, day=8)),
    )
    up = {one.service: one.until for one in past}
    calm = [(s, ServiceState(s.id, up_since=up.get(s.id, at(9, day=1)))) for s in (own, CALM, telegram, MAIL)]
    channel = Service("slack-delivery", "Slack", ("API",), channel="slack")
    return Overview(
        NOW,
        ((LINKED, ServiceState("x", incident=down)), (slack, ServiceState("slack", incident=partly)), *calm),
        (partly, down, *past),
        channels=((channel, ServiceState(channel.id, up_since=at(1))),),
    )


WORK = Window("k", ("mail",), at(14), at(16), Origin.FILE, at(9), "New disks", number=1)
ALL_UP = tuple((service, ServiceState(service.id, up_since=at(11, 38))) for service, _ in SERVICES)
FLAPPING = replace(UNSTABLE, since=at(14, 15))
ANSWERING = ServiceState("x", Streak(good=3, good_since=at(14, 19)), incident=FLAPPING)
YOUNG = {service.id: ((at(14, day=7), at(14, 10)),) for service, _ in SERVICES}
STATES: dict[str, Overview] = {
    "everything": EVERYTHING,
    "quiet": QUIET,
    "up": replace(EVERYTHING, services=ALL_UP, recent=(RESTORED,)),
    "down": replace(
        EVERYTHING,
        services=((LINKED, ServiceState("x", incident=ACKED)), *ALL_UP[:-1]),
        recent=(ACKED, RESTORED),
    ),
    "unstable": replace(EVERYTHING, services=((X, ANSWERING), *ALL_UP[:-1]), recent=(FLAPPING, RESTORED)),
    "blind": replace(EVERYTHING, offline_since=at(14, 10)),
    "blind-while-up": replace(EVERYTHING, services=ALL_UP, recent=(), offline_since=at(14, 10)),
    "maintenance": replace(EVERYTHING, services=ALL_UP, recent=(), windows=(WORK,)),
    "all-in-maintenance": replace(
        EVERYTHING, services=((MAIL, ServiceState("mail", up_since=at(3))),), recent=(), windows=(WORK,)
    ),
    "young": replace(EVERYTHING, services=ALL_UP, recent=(), unseen=YOUNG),
    "long": _long(),
    "forty": _forty(),
    "readme": _readme(),
}
# Pages below the first one, with the state in which they are shown.
BELOW = {
    "service": ("down", "/service/x"),
    "service-up": ("up", f"/service/{CALM.id}"),
    "service-long": ("long", "/service/unbroken"),
    "incident": ("down", "/incident/x/17"),
    "incident-over": ("up", "/incident/cf/3"),
    "incident-long": ("long", "/incident/unbroken/17"),
    "no-such-page": ("up", "/no/such/page"),
    "form": ("long", "/report?service=unbroken"),
    "answer": ("long", "/report?service=cms"),
}


class Crowd:
    """People's reports, without a store: whoever asks is who has reported on the CMS."""

    def __init__(self):
        self.taken = {"cms": Report("cms", NOW, "", "web")}

    def tallies(self, who=""):
        return {key: Tally(int(not one.works), int(one.works), mine=one.works) for key, one in self.taken.items()}

    async def look(self):
        """Nothing is stored, so nothing is new."""

    async def take(self, report):
        self.taken[report.service] = report


def shown(name: str, style: Style, title: str = "Example Daily status", *, form: bool = True):
    """The site in one of the `STATES`."""
    stage = Stage(STATES[name])
    past = None if name == "long" else Past()
    reporting = Reporting(stage.seen, Crowd(), style, lambda: NOW) if form else None
    return site(
        overview=stage.seen,
        vitals=stage.how,
        title=title,
        style=style,
        clock=lambda: NOW,
        reporting=reporting,
        archive=past,
    )
