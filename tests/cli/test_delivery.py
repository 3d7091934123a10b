"""`tocsin drill`, `test`, `delivery` and `status` as a person meets them: real processes, tables, exit codes."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.model import (
    Change,
    ChangeKind,
    Confidence,
    Delivery,
    DeliveryAction,
    DeliveryStatus,
    Destination,
    Health,
    Incident,
    Notice,
    ServiceState,
    Text,
    Tone,
)
from bot.store import StoreUnavailable, Transition, open_store
from tests.cli.test_cli import answers, daemon, left_behind, tocsin, write
from tests.fakes.faults import Fault
from tests.fakes.hook import TOKEN, FakeHook
from tests.reasons import quote
from tests.store.made import settle, take

SECOND = timedelta(seconds=1)
NOBODY = "tocsin: no daemon has run here yet: start one with `tocsin run`"


def rows(ran):
    """The cells of a printed table, its head first: two spaces are between them, or one that is empty is wide."""
    lines = ran.out.splitlines()
    [rule] = [number for number, line in enumerate(lines) if line.strip(" ─") == "" and "─" in line]
    head = lines[rule - 1]
    starts = [m.start() for m in re.finditer(r"\S+(?: \S+)*", head)]
    ends = [*starts[1:], None]
    table = itertools.takewhile(str.strip, lines[rule + 1 :])
    return [[line[a:b].strip() for a, b in zip(starts, ends, strict=True)] for line in (head, *table)]


# ── drill ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_a_drill_proves_every_rung_of_every_audience_and_remembers_when(tmp_path):
    async with FakeHook() as hook:
        audiences = {
            "desk": {"ladder": ["console:-", f"webhook:{hook.place}"]},
            "list": {"broadcast": [f"webhook:{hook.place}"]},
        }
        write(tmp_path, channels={"console": {}, "webhook": {}}, audiences=audiences, timezone="UTC")
        first = await tocsin(tmp_path, "drill")
        second = await tocsin(tmp_path, "drill", "desk")

    assert (first.code, first.err, second.code, second.err) == (0, "", 0, "")
    head, *table = rows(first)
    shown = Destination("webhook", hook.place).shown
    assert shown.startswith("webhook:http #")  # its address is a secret
    assert head == ["audience", "rung", "destination", "outcome", "latency", "proven before"]
    assert [(*row[:4], row[5]) for row in table] == [
        ("desk", "1", "console:-", "delivered", "not yet"),
        ("desk", "2", shown, "delivered", "not yet"),
        ("list", "all", shown, "delivered", "not yet"),
    ]
    assert all(row[4].endswith(" s") for row in table)
    assert len(hook.heard) == 2  # once a drill, though two audiences have the place
    assert [heard["title"].partition(":")[0] for heard in hook.heard] == ["🔔 Test for desk"] * 2
    assert [row[5] == "not yet" for row in rows(second)[1:]] == [False, False]
    assert TOKEN not in first.out + second.out


@pytest.mark.hardened("N-B16", "the first tocsin test", "proven before: not yet")
async def test_every_rung_is_tried_though_one_fails_and_only_what_worked_is_proven(tmp_path):
    async with FakeHook() as hook:
        ladder = [f"webhook:{hook.place}-not", "console:-", f"webhook:{hook.place}"]
        write(tmp_path, channels={"console": {}, "webhook": {}}, audiences={"desk": {"ladder": ladder}})
        first, second = [await tocsin(tmp_path, "drill") for _ in range(2)]

    assert (first.code, first.line) == (1, "tocsin: 1 of 3 destinations did not take it")
    assert [row[3] for row in rows(first)[1:]] == ["failed", "delivered", "delivered"]
    [why] = [line for line in first.out.splitlines() if line.startswith("webhook:")]
    assert "HTTP 404" in why
    assert [row[5] == "not yet" for row in rows(second)[1:]] == [True, False, False]


async def test_one_kind_of_channel_that_hangs_holds_up_no_other(tmp_path):
    async with FakeHook() as hook:
        hook.fault(Fault.HALF_OPEN, 10)
        audiences = {"desk": {"ladder": [f"webhook:{hook.place}", "console:-"]}}
        write(tmp_path, channels={"console": {}, "webhook": {"timeout": 2}}, audiences=audiences)
        ran = await tocsin(tmp_path, "drill")
    hung, printed = rows(ran)[1:]
    assert (ran.code, printed[3]) == (1, "delivered")
    assert float(printed[4].split()[0]) < 1 < float(hung[4].split()[0])


async def test_a_drill_runs_beside_the_daemon_on_its_database(tmp_path):
    port = write(tmp_path)
    async with daemon(tmp_path, port):
        ran = await tocsin(tmp_path, "drill")
        assert (ran.code, rows(ran)[1][3]) == (0, "delivered")
        assert answers(port)


async def test_an_audience_that_there_is_not_is_2(tmp_path):
    write(tmp_path)
    ran = await tocsin(tmp_path, "drill", "nobody")
    assert (ran.code, ran.line) == (2, 'tocsin: there is no audience "nobody"; expected one of desk')
    assert left_behind(tmp_path) == []


# ── delivery ─────────────────────────────────────────────────────────────────────────────────────────────────────────


HOOK = Destination("webhook", "https://h.example/s3cret")


async def told(folder):
    """An outage that one rung did not take, another took, and a list's place refused; still open."""
    now = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=20)
    incident = Incident("x", 17, now, Health.DOWN, Confidence.CONFIRMED, confirmed_at=now, worst=Health.DOWN, steps=2)
    notice = Notice("x#17/2", "x#17", Tone.DOWN, Text("X is down"), kind=ChangeKind.CONFIRMED)
    slack, mail, hook = (
        Destination(*p)
        for p in (("slack", "#newsroom"), ("email", "a@b.example"), ("webhook", "https://h.example/s3cret"))
    )
    first, listed, rung = (
        Delivery(f"{notice.key}@{place}", place, DeliveryAction.POST, notice, name)
        for place, name in ((slack, "desk"), (hook, "list"), (mail, "desk"))
    )
    first, rung = (replace(d, ladders=("desk",), within=timedelta(minutes=1)) for d in (first, rung))
    move = Transition(
        ServiceState("x", incident=incident, opened=17), (Change(ChangeKind.CONFIRMED, now, incident),), (first, listed)
    )
    async with open_store(f"sqlite:///{folder}/tocsin.db") as store:

        async def settled(kind, status, at, **more):
            [one] = await take(store, kind, at, limit=9, lease=timedelta(minutes=9))
            await settle(store, one, status, at, **more)

        await store.incidents.apply("x", lambda _: move, now)
        await settled(
            "slack", DeliveryStatus.PENDING, now, due=now + timedelta(minutes=5), why=quote("Slack: connection refused")
        )
        await settled("webhook", DeliveryStatus.REFUSED, now + SECOND, why=quote("HTTP 410: it is gone"))
        await store.deliveries.add([rung], now + 60 * SECOND)
        await settled("email", DeliveryStatus.SENT, now + 60.4 * SECOND)


LADDER = {
    "channels": {
        "slack": {"bot_token": "${NO}"},
        "email": {"server": "smtp://a@127.0.0.1:1", "password": "p", "security": "none", "from": "a@b.example"},
        "webhook": {},
    },
    "audiences": {
        "desk": {"ladder": ["slack:#newsroom", "email:a@b.example"]},
        "list": {"broadcast": ["webhook:https://h.example/s3cret"]},
    },
}


async def test_who_got_what_when_by_which_way_in_how_many_attempts(tmp_path):
    write(tmp_path, **LADDER)
    await told(tmp_path)
    ran, newest = await asyncio.gather(tocsin(tmp_path, "delivery", "x#17"), tocsin(tmp_path, "delivery", "x"))
    assert (ran.code, ran.err, newest.out) == (0, "", ran.out)
    assert ran.out.splitlines()[0] == "📬 X (Twitter): 1 of 3 messages delivered (x#17)"
    head, slack, hook, mail = rows(ran)
    assert head == ["destination", "audience", "change", "status", "sent", "after", "tries"]
    assert slack == ["slack:#newsroom", "desk, rung 1", "confirmed", "waiting", "", "", "1"]
    assert hook == [HOOK.shown, "list", "confirmed", "rejected", "", "", "1"]
    assert mail[:4] == ["email:a@b.example", "desk, rung 2", "confirmed", "delivered"]
    assert mail[5:] == ["0.4 s", "1"]
    waits, refused, instead = ran.out.strip().splitlines()[-3:]
    assert waits.startswith("slack:#newsroom: confirmed: again at ")
    assert waits.endswith(", Slack: connection refused.")
    assert refused == f"{HOOK.shown}: confirmed: HTTP 410: it is gone."
    assert instead == ("email:a@b.example: confirmed: instead of slack:#newsroom, which didn't accept it within 1 min.")
    assert "s3cret" not in ran.out


async def test_the_same_for_programs(tmp_path):
    write(tmp_path, **LADDER)
    await told(tmp_path)
    ran = await tocsin(tmp_path, "delivery", "x#17", "--json")
    body = json.loads(ran.out)
    assert (ran.code, body["incident"]) == (0, "x#17")
    assert [(d["destination"], d["status"], d["attempts"]) for d in body["deliveries"]] == [
        ("slack:#newsroom", "pending", 1),
        (HOOK.shown, "refused", 1),
        ("email:a@b.example", "sent", 1),
    ]
    sent = body["deliveries"][2]
    took = datetime.fromisoformat(sent["sent_at"]) - datetime.fromisoformat(sent["queued_at"])
    assert took == timedelta(seconds=0.4)
    assert "s3cret" not in ran.out


async def test_an_incident_that_there_is_not_is_2(tmp_path):
    write(tmp_path)
    async with open_store(f"sqlite:///{tmp_path}/tocsin.db"):
        pass
    ran = await tocsin(tmp_path, "delivery", "x#99")
    assert ran.code == 2
    assert ran.line == (
        'tocsin: nothing is known of "x#99"; expected an incident such as x#17, or a service that has had one'
    )


# ── before the first run ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("command", [["status"], ["delivery", "x#1"]])
async def test_who_only_reads_makes_no_database(command, tmp_path):
    write(tmp_path)
    ran = await tocsin(tmp_path, *command)
    assert (ran.code, ran.out, ran.line) == (1, "", NOBODY)
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
async def test_an_empty_database_is_left_empty(kind, tmp_path, request):
    with contextlib.ExitStack() as stack:
        if kind == "sqlite":
            (tmp_path / "empty.db").touch()
            url = f"sqlite:///{tmp_path}/empty.db"
        else:
            url = stack.enter_context(request.getfixturevalue("postgres").database("template1"))
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="no daemon has run here yet"):
                async with open_store(url, create=False):
                    pass
        async with open_store(url):
            pass
        async with open_store(url, create=False) as store:
            assert await store.incidents.states() == {}
