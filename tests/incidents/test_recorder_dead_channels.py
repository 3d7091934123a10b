"""A channel that dies: its incident goes by the others, what waits for it is urged on, and its admins hear why."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot import wording
from bot.incidents.recorder import Recorder, Settings
from bot.model import (
    Audience,
    Delivery,
    DeliveryAction,
    DeliveryStatus,
    Destination,
    Health,
    Outcome,
    Reading,
    RefusalScope,
    Round,
    Rules,
    Service,
    SubscriptionFilter,
    Topic,
    delivering,
)
from bot.store.deliveries.failover import Handed
from tests.judge.rounds import at
from tests.store.made import delivery, settle, take

SLACK, TELEGRAM, MAIL = (Destination(*p) for p in (("slack", "C1"), ("telegram", "-100"), ("email", "a@example.org")))
BOSS = Destination("telegram", "4242")
DESK = Audience("desk", (SLACK, TELEGRAM, MAIL), ladder=True)
LIST = Audience("list", (SLACK, MAIL))
ADMINS = Audience(
    "tocsin:admins", (BOSS, SLACK), SubscriptionFilter((delivering("slack"),), frozenset(Topic) - {Topic.CORRECTION})
)
ROUTES = ("API", "messages")
REVOKED = "the token is not accepted (token_revoked): copy it again from there"
QUICK = Rules(confirm_rounds=1, restore_rounds=1)


class House:
    """A record that watches Slack as a channel, and the service "slack" that stands for it too."""

    def __init__(self, store, audiences=(DESK, LIST), admins=ADMINS):
        self.store, self.now, self.woken = store, at(0), []
        setting = Settings(
            {name: Service(name, name.upper(), ("web",)) for name in ("x", "slack")},
            {"x": QUICK, "slack": QUICK, "slack-delivery": replace(QUICK, chained=True)},
            audiences,
            frozenset(),
            channels={"slack": wording.channel_service("slack", ROUTES, "en")},
            stand_ins={"slack": "slack"},
            admins=admins,
        )
        self.recorder = Recorder(store, setting, lambda: self.now, self.woken.append)

    async def look(self, service, *bad, routes=("web",)):
        readings = tuple(Reading(r, Outcome.FAILED if r in bad else Outcome.OK, REVOKED * (r in bad)) for r in routes)
        await self.recorder.seen(Round(service, self.now, readings))

    async def slack(self, *bad):
        await self.look("slack-delivery", *bad, routes=ROUTES)

    async def queued(self, thread):
        rows = await self.store.deliveries.of_incident(thread)
        return [f"{row.key.partition('@')[0]}@{row.destination}" for row in rows]


@pytest.fixture
def house(store):
    return House(store)


@pytest.mark.parametrize("bad", [("API",), ("messages",), ROUTES])
async def test_with_either_way_the_channel_is_down(house, bad):
    await house.slack(*bad)
    incident = house.recorder.states["slack-delivery"].incident
    assert incident.health is Health.DOWN
    assert house.recorder.down() == {"slack": at(0)}
    await house.slack()
    assert house.recorder.down() == {}


async def test_it_is_told_by_the_others_and_never_by_itself(house):
    await house.slack("API")
    number = "slack-delivery#1"
    assert await house.queued(number) == [f"{number}/1@{place}" for place in (BOSS, TELEGRAM, MAIL)]
    told = {}
    for kind in ("telegram", "email"):
        for one in await take(house.store, kind, house.now, limit=9, lease=timedelta(minutes=1)):
            told[one.destination] = one.notice.words.lines[-1]
    assert told[BOSS] == "What to do: copy it again from there."
    assert not any("copy it again" in told[place] for place in (TELEGRAM, MAIL))


async def test_admins_hear_of_no_service_and_not_of_our_blindness(house):
    await house.look("x", "web")
    await house.recorder.seen(Round("x", at(1), (Reading("web", Outcome.FAILED),), online=False))
    await house.recorder.seen(Round("x", at(2), (Reading("web", Outcome.FAILED),)))
    for thread in ("x#1", "tocsin#1"):
        assert f"{thread}/1@{BOSS}" not in await house.queued(thread)


async def test_what_its_ladders_wait_for_is_handed_on_now_and_new_notices_at_once(house):
    await house.look("x", "web")
    assert await house.store.deliveries.next_deadline() == at(0) + timedelta(seconds=60)
    house.now = at(1)
    await house.slack("API")
    assert await house.store.deliveries.next_deadline() == at(1)
    assert {"slack"} in house.woken

    untaken = await house.store.deliveries.untaken(at(1), {})
    await house.store.deliveries.fail_over([Handed(one, ()) for one in untaken], {}, at(1))
    house.now = at(2)
    await house.look("slack", "web")
    rows = await take(house.store, "slack", at(2), limit=9, lease=timedelta(minutes=1))
    assert [row.notice.thread for row in rows] == ["x#1", "slack#1"]
    assert await house.store.deliveries.next_deadline() == at(2)


async def test_what_waits_for_it_is_due_when_it_is_back(house):
    await house.slack("API")
    await house.store.deliveries.add([delivery(1, SLACK)], at(0))
    [one] = await take(house.store, "slack", at(0), limit=1, lease=timedelta(minutes=1))
    await settle(house.store, one, DeliveryStatus.PENDING, at(0), due=at(9))
    house.now = at(1)
    await house.slack()
    assert await house.store.deliveries.next_due("slack") == at(1)


async def test_the_service_that_stands_for_it_kills_it_too_but_only_when_it_is_sure_and_down(house):
    house.recorder.settings.rules["slack"] = replace(QUICK, confirm_rounds=2)
    await house.look("slack", "web")
    assert house.recorder.down() == {}
    house.now = at(1)
    await house.look("slack", "web")
    assert house.recorder.down() == {"slack": at(0)}
    house.now = at(2)
    await house.look("slack")
    assert house.recorder.down() == {}


async def test_a_channel_that_flaps_is_not_dead_while_it_takes_messages(house):
    for number, bad in enumerate([*[("API",), ()] * 2, ("API",), ()]):
        house.now = at(number)
        await house.slack(*bad)
    assert house.recorder.states["slack-delivery"].incident.unstable_since
    assert house.recorder.down() == {}
    house.now = at(6)
    await house.slack("API")
    assert list(house.recorder.down()) == ["slack"]


async def test_the_overview_has_the_channels_apart(house):
    await house.look("x")
    await house.slack("API")
    seen = await house.recorder.overview(at(0) - timedelta(days=1))
    assert [service.id for service, _ in seen.services] == ["x", "slack"]
    assert [(service.id, bool(state.incident)) for service, state in seen.channels] == [("slack-delivery", True)]
    assert (seen.recent, seen.down) == ((), {"slack": at(0)})


# ── places that refuse ───────────────────────────────────────────────────────────────────────────────────────────────


async def test_admins_hear_once_a_day_of_a_place_that_refuses_but_not_there(house):
    lost = Delivery("k", TELEGRAM, "post", delivery().notice, "desk", ladders=("desk", "boss"))
    await house.recorder.refused(lost, "chat not found; add the bot")
    await house.recorder.refused(replace(lost, key="another"), "chat not found; add the bot")
    await house.recorder.refused(replace(lost, destination=BOSS), "blocked")
    rows = [
        one.notice.words.text.splitlines()
        for kind in ("telegram", "slack")
        for one in await take(house.store, kind, house.now, limit=9, lease=timedelta(minutes=1))
    ]
    first = "⚠️ Telegram rejects notices for telegram:-100"
    assert [lines[0] for lines in rows] == [first, first, "⚠️ Telegram rejects notices for telegram:4242"]
    assert rows[0][1:] == ["Why: chat not found.", "What to do: add the bot.", "Not getting them: desk and boss."]

    house.now += timedelta(days=1)
    await house.recorder.refused(lost, "chat not found; add the bot")
    assert (await house.store.deliveries.backlog()) == {"telegram": 2, "slack": 3}


@pytest.mark.hardened(
    "B9", "a place refuses messages for an unknown reason, on Slack a broadcast's", "the admins hear once who lost what"
)
async def test_admins_hear_once_of_a_reason_why_a_place_does_not_take_a_message(house):
    await house.recorder.load()
    lost = Delivery("k", SLACK, DeliveryAction.POST, delivery().notice, "list")
    await house.recorder.refused(lost, "Slack refused the message 17 (odd_code)", RefusalScope.MESSAGE)
    house.now += timedelta(days=1)
    await house.recorder.refused(
        replace(lost, key="2"), "Slack refused the message 18 (odd_code)", RefusalScope.MESSAGE
    )
    await house.recorder.refused(replace(lost, key="3"), "too long", RefusalScope.MESSAGE)
    await house.recorder.refused(
        replace(lost, key="4", audience="desk", ladders=("desk",)), "why", RefusalScope.MESSAGE
    )
    await house.recorder.refused(
        replace(lost, key="5", action=DeliveryAction.EDIT), "cannot be changed", RefusalScope.MESSAGE
    )
    await house.recorder.refused(
        replace(lost, destination=MAIL, audience="desk", ladders=("desk",)), "no", RefusalScope.MESSAGE
    )
    title = delivery().notice.words.title
    rows = await take(house.store, "telegram", house.now, limit=9, lease=timedelta(minutes=1))
    assert [one.notice.words.text.splitlines()[1:] for one in rows] == [
        ["Why: Slack refused the message 17.", f"The message: {title}", "Not getting it: list."],
        ["Why: too long.", f"The message: {title}", "Not getting it: list."],
        ["Why: why.", f"The message: {title}"],  # the next rung has it
        ["Why: cannot be changed.", f"The message: {title}"],  # what it was to rewrite has told the news
        ["Why: no.", f"The message: {title}", "Not getting it: desk."],  # the last rung
    ]
    assert rows[0].notice.words.title == "⚠️ Slack rejected a message for slack:C1: odd_code"


async def test_without_admins_nobody_hears_of_it(store):
    made = House(store, admins=None)
    await made.recorder.refused(delivery(), "why")
    await made.slack("API")
    assert await store.deliveries.backlog() == {"telegram": 1, "email": 1}
