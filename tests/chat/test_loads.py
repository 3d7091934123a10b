"""What each command has read from the database: what its row declares, all of it, and nothing else."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot import wording
from bot.chat import loading
from bot.chat.commands import COMMANDS, parse
from bot.chat.context import CommandContext, KnownDigests, KnownRooms, Load
from bot.model import (
    OURSELVES,
    AllowedRoom,
    Ask,
    Audience,
    AuditEntry,
    Confidence,
    Destination,
    Digest,
    DigestRun,
    Health,
    Incident,
    Origin,
    Outcome,
    Overview,
    Reading,
    Service,
    ServiceState,
    Style,
    Subscription,
    SubscriptionFilter,
    Trail,
    Window,
)
from bot.store import open_store
from tests import sqlite
from tests.chat.dispatcher import ADMIN, Desk
from tests.incidents.test_recorder import SERVICES, counting
from tests.sim.inline import Disk, inline

PARTS = {
    Load.INCIDENTS: (Overview, "recent"),
    Load.COVERAGE: (Overview, "unseen"),
    Load.ANSWER_TIME: (Overview, "answering"),
    Load.TRAIL: (CommandContext, "trail"),
    Load.ROOMS: (CommandContext, "rooms"),
    Load.AUDIT: (CommandContext, "audit"),
    Load.DIGEST_TIMES: (CommandContext, "digest_times"),
    Load.DIGEST_NOW: (CommandContext, "digest_now"),
}
ROOM = Destination("telegram", "-100777")
NOW = datetime(2022, 7, 14, 12, 30, tzinfo=UTC)


@pytest.fixture
async def store(tmp_path):
    with inline(Disk()):
        async with open_store(sqlite.ready(tmp_path / "tocsin.db")) as opened:
            yield opened


# ── what a command reads ─────────────────────────────────────────────────────────────────────────────────────────────


def guarded(kind, value, declared, touched):
    """A copy of a context or an overview that notes which loaded parts are read, and refuses those not declared."""
    parts = {name: load for load, (of, name) in PARTS.items() if of is kind}

    class Guarded(kind):
        def __getattribute__(self, name):
            if load := parts.get(name):
                touched.add(load)
                if load not in declared:
                    raise AssertionError(f"reads what its row does not declare: {load}")
            return super().__getattribute__(name)

    return Guarded(**{name: getattr(value, name) for name, one in kind.__dataclass_fields__.items() if one.init})


X, SLACK = Service("x", "X (Twitter)"), Service("slack", "Slack")
MAIL = Service("mail-delivery", "Mail delivery", channel="mail")
OUTAGE = Incident("x", 17, NOW - timedelta(minutes=30), Health.DOWN, Confidence.CONFIRMED)
EARLIER = replace(OUTAGE, service="slack", number=3, since=NOW - timedelta(days=2), until=NOW - timedelta(days=1))
READERS = (Audience("desk", (ROOM, Destination("slack", "C1")), ladder=True),)


def down(service):
    return service, ServiceState(service.id, incident=replace(OUTAGE, service=service.id))


def up(service):
    return service, ServiceState(service.id, up_since=NOW - timedelta(days=1), last=EARLIER)


OVERVIEW = Overview(
    NOW,
    (down(X), up(SLACK)),
    recent=(OUTAGE, EARLIER),
    subscriptions=(Subscription(ROOM, (SubscriptionFilter(("x",)),), "telegram:9", NOW),),
    channels=(up(MAIL),),
    windows=(Window("k", ("slack",), NOW, NOW + timedelta(hours=1), Origin.SAID, NOW, number=1),),
    unseen={"x": ((NOW - timedelta(days=3), NOW - timedelta(days=2)),)},
    answering={"x": timedelta(seconds=1)},
)
SITUATIONS = {
    "one is down": OVERVIEW,
    "several are down": replace(OVERVIEW, services=(down(X), down(SLACK))),
    "nothing is down": replace(OVERVIEW, services=(up(X), up(SLACK)), windows=()),
    "a channel is down": replace(OVERVIEW, services=(up(X), up(SLACK)), channels=(down(MAIL),), subscriptions=()),
    "channels are down": replace(
        OVERVIEW, services=(up(X), up(SLACK)), windows=(), channels=(down(MAIL), down(replace(MAIL, id="m")))
    ),
    "nothing is watched": replace(OVERVIEW, services=(), channels=()),
    "we are offline": replace(OVERVIEW, offline_since=NOW - timedelta(minutes=5)),
}
ARGUMENTS = (
    *(
        "",
        "x",
        "X (Twitter)",
        "slack",
        "x#17",
        "slack#3",
        "mail-delivery",
        "nobody",
        "90",
        "x 90",
        "x works",
        "x fails",
    ),
    *("x 2h", "x wrong host", "cancel slack", "slack 22:00 23:30", "es", "UTC", "22:00-07:00", "off", "likely"),
    *("desk", "telegram:5", "telegram:-100777", "drill", "help"),
)


def touched_by(command, situation, arguments, admin, declared):
    touched = set()
    line = parse(f"{command.name} {arguments}")
    context = CommandContext(
        Ask("-", "telegram:9", "Ana", ROOM, NOW, "k", may_manage=True),
        line.words,
        guarded(Overview, situation, declared, touched),
        Style(),
        READERS,
        admin,
        line.period,
        Trail(OUTAGE, "X (Twitter)", (), READERS) if arguments != "nobody" else None,
        KnownRooms((AllowedRoom(Destination("telegram", "5"), ADMIN, "Ana", NOW),), frozenset({ROOM})),
        (AuditEntry(NOW, ADMIN, "Ana", ROOM, "ack x"),),
        digests=KnownDigests((Digest("x", "08:00", (ROOM,)),)),
        digest_times={"x": NOW},
        digest_now=(NOW - timedelta(days=1), OVERVIEW),
    )
    line.command.run(guarded(CommandContext, context, declared, touched))
    return touched


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_reads_all_that_it_declares_and_nothing_else(name):
    command, touched = COMMANDS[name], set()
    for situation, arguments, admin in itertools.product(SITUATIONS.values(), ARGUMENTS, (True, False)):
        touched |= touched_by(command, situation, arguments, admin, command.loads)
    assert touched == set(command.loads)
    assert len(command.loads) == len(touched)


def test_a_command_that_reads_what_it_does_not_declare_is_found_out():
    with pytest.raises(AssertionError, match="does not declare: Load"):
        touched_by(COMMANDS["audit"], OVERVIEW, "", True, ())
    with pytest.raises(AssertionError, match="does not declare: Load"):
        touched_by(COMMANDS["history"], OVERVIEW, "x", True, (Load.INCIDENTS, Load.ANSWER_TIME))


# ── what is read for it ──────────────────────────────────────────────────────────────────────────────────────────────


def desk_of(store):
    desk = Desk(store, (Audience("desk", (Destination("email", "desk@example.org"),)),), rooms=(ROOM,))
    record = desk.house.recorder
    record.settings = replace(record.settings, digests={"x": Digest("x", "08:00", (ROOM,))})
    return desk


async def loaded(desk, text, *loads):
    """The context of a line after loading, and before it."""
    line = parse(text)
    ask = desk.ask(text, ADMIN)
    bare = desk.desk._context(ask, line, admin=True)
    return await loading.load(loads or line.command.loads, desk.house.recorder, desk.desk.access, bare), bare


@pytest.mark.parametrize("part", Load)
async def test_each_load_fills_its_own_part_and_no_other(store, part):
    desk = desk_of(store)
    await desk.house.rounds("BB..")
    await desk.say("mute y 1h", ADMIN)
    good = Reading("web", Outcome.OK, None, timedelta(milliseconds=120))
    await store.results.record([("x", desk.house.now + n * timedelta(minutes=1), good) for n in range(9)])
    await store.rollups.roll({})
    at = desk.house.now
    await store.digests.plan([DigestRun("x", ROOM, at + timedelta(days=1), at, "08:00 UTC")], [])
    filled, bare = await loaded(desk, "history x", part)

    def values(context):
        return {
            load: getattr(context if of is CommandContext else context.overview, name)
            for load, (of, name) in PARTS.items()
        }

    assert [load for load in Load if values(filled)[load] != values(bare)[load]] == [part]


@pytest.mark.parametrize("name", COMMANDS)
async def test_what_is_declared_is_loaded_and_nothing_for_who_may_not(store, name, monkeypatch):
    desk = desk_of(store)
    await desk.house.rounds("BB")
    asked = []
    for part, loader in loading.LOADERS.items():

        async def noted(*given, part=part, loader=loader):
            asked.append(part)
            return await loader(*given)

        monkeypatch.setitem(loading.LOADERS, part, noted)
    line = f"{name} x" if name != "check" else "check"
    assert await desk.say(line, ADMIN)
    assert asked == list(COMMANDS[name].loads)
    if COMMANDS[name].admins or COMMANDS[name].manages:
        with counting(store) as begun:
            assert await desk.say(line) == [wording.not_allowed(Style(), manages=COMMANDS[name].manages).title]
        assert (asked, begun) == (list(COMMANDS[name].loads), [])


async def test_what_needs_no_load_reads_nothing(store):
    desk = desk_of(store)
    with counting(store) as begun:
        for text in ("help", "start", "nonsense", "subscriptions", "maintenance", "status"):
            assert await desk.say(text)
    assert len(begun) == 2  # by "status": the incidents, and all outages


@pytest.mark.parametrize(
    ("text", "days"), [("history", 30), ("history x 90", 90), ("history 90", 90), ("status 90", 30)]
)
async def test_incidents_are_read_as_far_back_as_the_line_says(store, text, days):
    desk = desk_of(store)
    await desk.house.rounds("BB..")
    desk.house.now += timedelta(days=40)
    filled, _ = await loaded(desk, text)
    assert bool(filled.overview.recent) is (days == 90)
    assert filled.since == filled.ask.at - timedelta(days=days)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("why", "x#1"),
        ("why x", "x#1"),
        ("why X (Twitter)", "x#1"),
        ("delivery X#1", "x#1"),
        ("why y", None),
        ("why x#9", None),
    ],
)
async def test_the_trail_is_that_of_the_incident_that_is_named_else_of_the_newest(store, text, found):
    desk = desk_of(store)
    await desk.house.rounds("BB..")
    filled, _ = await loaded(desk, text)
    assert (filled.trail and filled.trail.incident.id) == found


async def test_without_a_name_an_outage_of_our_own_connection_is_not_meant(store):
    desk = desk_of(store)
    await desk.house.rounds("BB..")
    for number, letter in enumerate("..????..", 4):
        for service in SERVICES:
            await desk.house.rounds(letter, service, first=number)
    assert (await store.results.incidents(NOW - timedelta(days=999)))[0].service == OURSELVES
    filled, _ = await loaded(desk, "why")
    assert filled.trail.incident.id == "x#1"


async def test_a_service_is_told_of_as_it_is_when_all_is_read(store, monkeypatch):
    desk = desk_of(store)
    await desk.house.rounds("BB")
    read = loading.past

    async def meanwhile(*given):
        found = await read(*given)
        await desk.house.rounds("..", first=2)
        return found

    monkeypatch.setattr(loading, "past", meanwhile)
    filled, bare = await loaded(desk, "status")
    assert bare.state(SERVICES["x"]).incident
    assert filled.state(SERVICES["x"]).incident is None


# ── one parser ───────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "name", "words"),
    [
        ("", "help", ()),
        ("start", "help", ()),
        ("/start payload", "help", ("payload",)),
        ("STATUS x", "status", ("x",)),
        ("/status x", "status", ("x",)),
        ("`status x`", "status", ("x",)),
        ("“status x”", "status", ("x",)),
        ('"status" x', "status", ("x",)),
        ("status\nack x", "status", ("ack", "x")),
        ("history x 90", "history", ("x",)),
        ("history 0", "history", ()),
        ("status 90", "status", ("90",)),
        ('mute x 2h "planned"', "mute", ("x", "2h", '"planned"')),
        ("Nonsense x", "nonsense", ("x",)),
        ("/", "/", ()),
        ('""', "help", ()),
    ],
)
def test_how_a_line_is_parsed(text, name, words):
    line = parse(text)
    assert (line.command.name, line.words) == (name, words)
