"""What the shell says of a daemon that is unwell."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from bot.cli.console import troubles, troubles_as_data
from bot.contracts import Answer

PART = {"part": "database", "why": "its disk is full", "since": "2026-11-29T08:00:00+00:00"}
LINE = "database: its disk is full (since 2026-11-29T08:00:00+00:00)"
BODY = json.dumps({"well": False, "troubles": [LINE, 5], "parts": [PART, 5]}).encode()


def answer(status, body):
    return Answer(status, {}, body, "http://127.0.0.1/healthz", timedelta(0), {})


@pytest.mark.hardened("T03", "`status` in the shell while the daemon is unwell", "it says so, and why")
def test_the_reasons_are_taken_from_the_daemon_itself(saw):
    said = troubles(answer(503, BODY))
    assert said == (LINE,)
    assert troubles_as_data(answer(503, BODY)) == [PART]
    saw(said[0].partition(" (")[0])


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"troubles": 5}', b'{"troubles": {}}', b"\xff"])
def test_what_answers_there_and_is_no_daemon_says_nothing(body):
    assert (troubles(answer(503, body)), troubles_as_data(answer(503, body))) == ((), [])
    assert (troubles(answer(200, BODY)), troubles_as_data(answer(200, BODY))) == ((), [])
