"""A job is as the board says, and a token that can be guessed is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import ValidationError

from bot.model import Outcome, Reading
from bot.watch.checks import HeartbeatCheck
from tests.reasons import quote


async def test_it_is_as_the_board_says_and_asks_nobody():
    check = HeartbeatCheck(every="24h")
    assert (check.every, check.grace, check.token) == (timedelta(days=1), timedelta(hours=1), None)
    for why, outcome in ((None, Outcome.OK), (quote("no sign for 25 h"), Outcome.FAILED)):
        bound = check.bound(lambda why=why: why)
        assert await bound.run("job", None, timedelta(seconds=1), fresh=False) == Reading("job", outcome, why)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"every": "0s"},
        {"every": "soon"},
        {"every": "1h", "token": "short"},
        {"every": "1h", "token": "with/slash/123"},
    ],
)
def test_what_cannot_be_meant_is_refused_without_showing_the_token(fields):
    with pytest.raises(ValidationError) as refused:
        HeartbeatCheck(**fields)
    assert fields.get("token", "nothing") not in str(refused.value)
