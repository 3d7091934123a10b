"""What `tocsin run` tells whoever runs it, as text and as JSON."""

from __future__ import annotations

import json
import logging
import re
import resource
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot import start
from bot.model import OURSELVES, Confidence, Health, Incident, Reading, Role, Service, ServiceState, SourceReport
from bot.model.observations import Outcome
from bot.start import JsonLines
from bot.web import operator_log
from tests.cli.test_cli import tocsin, write
from tests.flow.house import eventually, world
from tests.reasons import quote
from tests.wording.outages import DOWN, POSSIBLE

SERVICE = Service("x", "X (Twitter)")
UP = ServiceState("x", up_since=datetime(2022, 7, 14, 12, 50, tzinfo=UTC))


def word(role, says):
    return SourceReport(role, "Downdetector" if role is Role.TRACKER else "A source", says)


def said(caplog, before, after, service=SERVICE):
    caplog.clear()
    with caplog.at_level(logging.INFO, "tocsin"):
        operator_log.changed(service, before, after)
    return [record.getMessage() for record in caplog.records]


@pytest.mark.hardened("C-operator", "a service goes down, and is back", "one line each, with since when and why")
@pytest.mark.parametrize(
    ("before", "after", "right"),
    [
        (ServiceState("x"), UP, "x: up since 2022-07-14 12:50 UTC"),
        (UP, ServiceState("x", incident=DOWN), "x: down since 2022-07-14 12:00 UTC (HTTP 503)"),
        (
            ServiceState("x", incident=POSSIBLE),
            UP,
            "x: up since 2022-07-14 12:50 UTC; trouble since 2022-07-14 12:00 UTC was not confirmed",
        ),
        (
            ServiceState("x", incident=DOWN),
            UP,
            "x: up since 2022-07-14 12:50 UTC, down before since 2022-07-14 12:00 UTC, after 50 min",
        ),
        (UP, replace(UP, unseen_since=UP.up_since), "x: unknown since 2022-07-14 12:50 UTC: our checks cannot tell"),
    ],
)
def test_each_change_of_health_is_one_line(caplog, before, after, right):
    assert said(caplog, before, after) == [right]
    assert said(caplog, after, after) == []


@pytest.mark.parametrize(
    ("words", "right"),
    [
        ((word(Role.OFFICIAL, Health.DOWN),), " (its status page says so)"),
        ((word(Role.OFFICIAL, Health.UP), word(Role.TRACKER, Health.DOWN)), " (Downdetector says so)"),
        ((word(Role.TRACKER, Health.DOWN), word(Role.CROWD, Health.DOWN)), " (Downdetector says so; people say so)"),
        ((word(Role.OFFICIAL, None),), ""),
    ],
)
def test_where_only_others_speak_of_trouble_the_line_says_who(caplog, words, right):
    rumoured = replace(POSSIBLE, readings=(), reports=words)
    [line] = said(caplog, UP, ServiceState("x", incident=rumoured))
    assert line == f"x: may be down since 2022-07-14 12:00 UTC{right}"


def test_what_a_page_says_breaks_no_line(caplog):
    evil = replace(
        DOWN,
        readings=(Reading("web", Outcome.FAILED, quote("HTTP 503\n2026 ERROR forged: \x1b[31m\ud800" + "x" * 999)),),
    )
    [line] = said(caplog, UP, ServiceState("x", incident=evil))
    assert line.isprintable()
    assert len(line) < 200


def test_our_own_blindness_is_said(caplog):
    blind = Incident(OURSELVES, 1, UP.up_since, Health.UNKNOWN, Confidence.CONFIRMED)
    ours, before, after = Service(OURSELVES, "Tocsin"), ServiceState(OURSELVES), ServiceState(OURSELVES, incident=blind)
    [line] = said(caplog, before, after, ours)
    assert line.startswith(f"{OURSELVES}: nothing can be seen since")
    assert said(caplog, after, before, ours) == [f"{OURSELVES}: the world can be seen again"]


def test_a_line_of_json_is_one_object_whatever_it_says():
    record = logging.LogRecord("bot.app", logging.WARNING, "f", 1, "a\nb %s", ("\ud800",), None)
    line = JsonLines().format(record)
    assert "\n" not in line
    found = json.loads(line)
    assert (found["level"], found["logger"], found["message"]) == ("warning", "bot.app", "a\nb \ud800")
    assert datetime.fromisoformat(found["time"]).tzinfo


async def test_the_daemon_says_what_it_does(tmp_path, saw):
    async with world(tmp_path) as street:
        street.keep("telegram", "slack", "discord")
        async with street.daemon() as daemon:
            street.fail()
            await eventually(lambda: "x: down since" in daemon.log)
            street.heal()
            await eventually(lambda: "x: up since" in daemon.log)
    log = daemon.log
    for line in (
        r"tocsin: Tocsin \d+\.\d+",
        "tocsin: watching 2 services: x, banner",
        "tocsin: telling by slack, discord, telegram",
        rf"tocsin: page: http://127\.0\.0\.1:{street.port}/",
        "tocsin: open files: at most",
        "Slack: listening",
        "Telegram: commands are heard",
        "Discord: commands are heard",
        r"tocsin: x: down since \d\d:\d\d UTC \(HTTP 503\)",
        "stopping: SIGTERM",
        "stopped",
    ):
        assert len(re.findall(f"{line}$" if line == "stopped" else line, log, re.MULTILINE)) == 1, line
    saw(next(line for line in log.splitlines() if "x: down" in line).partition("tocsin: ")[2])


async def test_as_json_each_line_is_an_object_and_a_mistake_too(tmp_path):
    port = write(tmp_path)
    ran = await tocsin(tmp_path, "run", "--log-format", "json", "-c", "nowhere.yaml")
    assert ran.code == 2
    [line] = [json.loads(line) for line in ran.err.splitlines()]
    assert (line["level"], line["logger"]) == ("error", "tocsin")
    assert "nowhere.yaml" in line["message"]
    ran = await tocsin(tmp_path, "run", "--log-level", "loud")
    assert (ran.code, port > 0) == (2, True)
    assert "loud" in ran.line


@pytest.mark.hardened("A2", "a soft limit of open files below the hard one", "raised at the start")
def test_the_limit_of_open_files_is_raised(monkeypatch, saw):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (200, hard))
        assert start.raise_file_limit() == resource.getrlimit(resource.RLIMIT_NOFILE)[0] > 200
        saw(f"200 -> {start.file_limit()}")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    def forbidden(_what, _limits):
        raise ValueError("not allowed")

    monkeypatch.setattr(resource, "setrlimit", forbidden)
    assert start.raise_file_limit() == soft


def test_lengths_are_short():
    lengths = [operator_log._length(timedelta(seconds=n)) for n in (5, 60, 3000, 5400)]
    assert lengths == ["5 s", "1 min", "50 min", "1 h 30 min"]
