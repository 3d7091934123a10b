"""14 July 2022 at its true hours: rounds go in, and what eight places are told comes out, word for word."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from bot.incidents.recorder import Recorder, Settings
from bot.model import (
    Audience,
    Confidence,
    DeliveryAction,
    DeliveryStatus,
    Destination,
    Health,
    Outcome,
    Reading,
    Role,
    Round,
    Rules,
    Service,
    SourceReport,
    SubscriptionFilter,
)
from bot.store import open_store
from tests import sqlite
from tests.reasons import HTTP_503
from tests.sim.inline import Disk, inline
from tests.store.made import settle, take
from tests.wording.outages import EN, ES, at

pytestmark = pytest.mark.long

PLAN = "breaking news goes to Telegram @newsroom and to the site banner."
X = Service("x", "X (Twitter)", ("web", "app", "TweetDeck"), PLAN)
BANNER = Service("banner", "Site banner", ("web",))
CHANNELS = ("slack", "discord", "telegram", "email")
NEWSROOM = tuple(Destination(kind, "newsroom") for kind in CHANNELS)
REDACCION = tuple(Destination(kind, "redaccion") for kind in CHANNELS)
EARLY, EARLIEST = Destination("slack", "early"), Destination("slack", "earliest")
AUDIENCES = (
    Audience("newsroom", NEWSROOM, SubscriptionFilter(), style=EN),
    Audience("redaccion", REDACCION, SubscriptionFilter(), style=ES),
    Audience("early", (EARLY,), SubscriptionFilter(confidence=Confidence.LIKELY), style=EN),
    Audience("earliest", (EARLIEST,), SubscriptionFilter(confidence=Confidence.POSSIBLE), style=EN),
)

DOWN = """\
🔴 X (Twitter): down since 2:00 p.m.
Web, app and TweetDeck don't respond (HTTP 503). Our checks confirmed it at 2:01 p.m.
Official status page: no incident reported (as of 2:01 p.m.).
Reports: 1,243 in the last hour, usually 35 (Downdetector). IsItDownRightNow: down.
Plan: breaking news goes to Telegram @newsroom and to the site banner."""
RESTORED = """\
🟢 X (Twitter): down since 2:00 p.m., restored 2:50 p.m. (50 min)
The official status page never reported it. Everything else you follow is up."""
REWRITTEN = """\
🟢 X (Twitter): down since 2:00 p.m., restored 2:50 p.m. (50 min)
The official status page never reported it."""
CAIDO = """\
🔴 X (Twitter) no funciona desde las 14:00
Web, app y TweetDeck no responden (HTTP 503). Lo confirmaron nuestras comprobaciones a las 14:01.
Página de estado oficial: sin incidencias (consultada a las 14:01).
Avisos de usuarios: 1.243 en la última hora, normalmente 35 (Downdetector). IsItDownRightNow: caído.
Plan: breaking news goes to Telegram @newsroom and to the site banner."""
RESTABLECIDO = """\
🟢 X (Twitter): caído desde las 14:00, restablecido a las 14:50 (50 min)
La página de estado oficial nunca informó de ello. Todo lo demás que sigues funciona."""
REESCRITO = """\
🟢 X (Twitter): caído desde las 14:00, restablecido a las 14:50 (50 min)
La página de estado oficial nunca informó de ello."""


def page(when: datetime, says: Health = Health.UP, headline: str = "") -> SourceReport:
    return SourceReport(Role.OFFICIAL, "Official status page", says, headline, at=when)


def downdetector(when: datetime, says: Health = Health.DOWN, reports: int = 1243) -> SourceReport:
    return SourceReport(Role.TRACKER, "Downdetector", says, at=when, reports=reports, usual=35)


def isitdown(when: datetime) -> SourceReport:
    return SourceReport(Role.TRACKER, "IsItDownRightNow", Health.DOWN, at=when)


class Newsroom:
    def __init__(self, store, rules: Rules) -> None:
        self.store, self.now = store, at(13, 59)
        setting = Settings({"x": X, "banner": BANNER}, {"x": rules}, AUDIENCES, frozenset(CHANNELS) - {"email"})
        self.recorder = Recorder(store, setting, lambda: self.now)

    async def look(self, when: datetime, *words: SourceReport, good: bool = False) -> None:
        outcome, why = (Outcome.OK, None) if good else (Outcome.FAILED, HTTP_503)
        self.now = when
        await self.recorder.seen(Round("x", when, tuple(Reading(r, outcome, why) for r in X.routes), words))

    async def told(self) -> dict[Destination, list[tuple[str, str]]]:
        """What each place got since it was last asked, in order: the act, and the words."""
        got: dict[Destination, list[tuple[str, str]]] = {}
        for kind in CHANNELS:
            while claimed := await take(self.store, kind, self.now, limit=50, lease=timedelta(minutes=1)):
                for one in claimed:
                    words = one.notice.root if one.action is DeliveryAction.EDIT else one.notice.words
                    got.setdefault(one.destination, []).append((one.action.value, words.text))
                    await settle(self.store, one, DeliveryStatus.SENT, self.now, ref=f"ref {one.key}")
        return got


@pytest.fixture
async def newsroom(tmp_path):
    with inline(Disk()):
        async with open_store(sqlite.ready(tmp_path / "tocsin.db")) as store:
            yield Newsroom(store, Rules(remind_every=()))


def heard(told, places=(*NEWSROOM, *REDACCION)):
    return {place: told.get(place, []) for place in places}


async def test_every_line_of_the_story_is_told_as_it_was_meant_to_be(newsroom):
    await newsroom.look(at(13, 59), page(at(13, 58)), downdetector(at(13, 59), Health.UP, 31), good=True)
    await newsroom.look(at(14), page(at(13, 58)), downdetector(at(13, 59), Health.UP, 31))
    assert heard(await newsroom.told()) == heard({})
    found = page(at(14, 1)), downdetector(at(14, 1)), isitdown(at(14, 1))
    await newsroom.look(at(14, 1), *found)
    downs = heard(await newsroom.told())
    assert all(downs[place] == [("post", DOWN)] for place in NEWSROOM)
    assert all(downs[place] == [("post", CAIDO)] for place in REDACCION)

    for minute in range(2, 50):
        await newsroom.look(
            at(14, minute), page(at(14, minute)), downdetector(at(14, minute)), isitdown(at(14, minute))
        )
    assert await newsroom.told() == {}
    for second in (0, 10):
        await newsroom.look(
            at(14, 50, second), page(at(14, 49)), downdetector(at(14, 49)), isitdown(at(14, 49)), good=True
        )
    ends = heard(await newsroom.told())
    for place in NEWSROOM:
        assert ends[place] == [("post", RESTORED), *([("edit", REWRITTEN)] if place.kind != "email" else [])]
    for place in REDACCION:
        assert ends[place] == [("post", RESTABLECIDO), *([("edit", REESCRITO)] if place.kind != "email" else [])]

    for minute in range(51, 59):  # people go on reporting for a while
        await newsroom.look(at(14, minute), page(at(14, minute)), downdetector(at(14, minute)), good=True)
    assert await newsroom.told() == {}


async def test_who_asked_for_it_hears_of_what_is_possible_and_of_what_is_likely_and_everybody_of_what_is_sure(newsroom):
    everybody = {*NEWSROOM, *REDACCION, EARLY, EARLIEST}
    await newsroom.look(at(13, 58), page(at(13, 58)), good=True)
    await newsroom.look(at(13, 59), page(at(13, 59)), downdetector(at(13, 59)), good=True)
    possible = (
        "🟡 X (Twitter): may have had trouble since about 1:59 p.m. (not confirmed)\n"
        "Our own checks find nothing wrong.\n"
        "Official status page: no incident reported (as of 1:59 p.m.).\n"
        "Reports: 1,243 in the last hour, usually 35 (Downdetector).\n"
        f"Plan: {PLAN}"
    )
    assert await newsroom.told() == {EARLIEST: [("post", possible)]}
    await newsroom.look(at(14), page(at(13, 59)), downdetector(at(13, 59)))
    likely = (
        "🟠 X (Twitter): probably down since about 2:00 p.m.\n"
        "Web, app and TweetDeck don't respond (HTTP 503). Not confirmed yet.\n"
        "Official status page: no incident reported (as of 1:59 p.m.).\n"
        "Reports: 1,243 in the last hour, usually 35 (Downdetector).\n"
        f"Plan: {PLAN}"
    )
    assert await newsroom.told() == {EARLY: [("post", likely)], EARLIEST: [("post", likely), ("edit", likely)]}
    await newsroom.look(at(14, 1), page(at(14, 1)), downdetector(at(14, 1)), isitdown(at(14, 1)))
    sure = await newsroom.told()
    assert set(sure) == everybody
    assert {told[0] for place, told in sure.items() if place not in REDACCION} == {("post", DOWN)}


async def test_its_page_that_changes_its_mind_is_told_with_its_lead(newsroom):
    await newsroom.look(at(13, 59), page(at(13, 59)), good=True)
    for minute in (0, 1):
        await newsroom.look(at(14, minute), page(at(14, minute)))
    await newsroom.told()
    said = {}
    for minute, word in (
        (21, page(at(14, 21), Health.DEGRADED, "Investigating elevated errors")),
        (30, page(at(14, 30), Health.DEGRADED, "A fix is rolling out")),
        (40, page(at(14, 40))),
    ):
        await newsroom.look(at(14, minute), word)
        said[minute] = [told[0][1].splitlines() for place, told in (await newsroom.told()).items() if place in NEWSROOM]
        assert said[minute] == [said[minute][0]] * 4
    lead = "The official status page reported it at 2:21 p.m., 21 min after us."
    assert [said[minute][0] for minute in said] == [
        ['🔵 X (Twitter): status page says "Investigating elevated errors" (2:21 p.m.)', lead],
        ['🔵 X (Twitter): status page says "A fix is rolling out" (2:30 p.m.)', lead],
        ["🔵 X (Twitter): status page now reports no incident (2:40 p.m.)", "Our own checks still fail.", lead],
    ]
    for second in (0, 10):
        await newsroom.look(at(14, 50, second), page(at(14, 50)), good=True)
    ends = await newsroom.told()
    assert ends[NEWSROOM[0]][0][1].splitlines()[1:] == [
        "The official status page reported it at 2:21 p.m., 21 min after us. Everything else you follow is up.",
        'Official status page, last word: "A fix is rolling out".',
    ]


async def test_with_the_usual_reminders_the_story_has_one_more_notice(tmp_path):
    async with open_store(sqlite.ready(tmp_path / "tocsin.db")) as store:
        newsroom = Newsroom(store, Rules())
        await newsroom.look(at(13, 59), good=True)
        for minute in range(50):
            await newsroom.look(at(14, minute), page(at(14, minute)), downdetector(at(14, minute)))
        told = await newsroom.told()
    titles = [words.partition("\n")[0] for act, words in told[NEWSROOM[0]] if act == "post"]
    assert titles[-1:] == ["🔴 X (Twitter): still down after 30 min (since 2:00 p.m.)"]
