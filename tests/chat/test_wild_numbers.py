"""Numbers as people write them in commands, from none to hundreds of digits: each is answered."""

from __future__ import annotations

import pytest

from tests.chat.test_limits import ADMIN, two_outages

COMMANDS = (
    *("ack", "mute", "unmute", "correct", "report", "history", "status", "why", "maintenance"),
    *("delivery", "drill", "allow", "disallow", "quiet", "timezone", "language", "subscribe"),
)
WILD = ("0", "-1", "1" * 12, "9" * 400, "NaN", "1.5", "²", "9" * 5000)
FORMS = ("{c} x {n}", "{c} x#{n}", "{c} x {n}d", "{c} {n}", "{c} telegram:{n}", "{c} x {n}:{n} - {n}:{n}")


@pytest.mark.hardened(
    "R1", "commands with a number of 400 digits, NaN, a fraction, another script's digits", "answered"
)
@pytest.mark.parametrize("command", COMMANDS)
async def test_whatever_number_stands_in_a_command_is_answered(store, command):
    desk = await two_outages(store)
    for form in FORMS:
        for number in WILD:
            said = await desk.say(form.format(c=command, n=number), ADMIN)
            assert said is None or said[0], (form, number[:20])
