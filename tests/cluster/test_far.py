"""The judge of the long run sees what it is there for."""

from __future__ import annotations

import pytest

from tests.cluster.far import Heard, Outage, judge, mentioned

PLACE = "slack:C900"
OUTAGE = Outage("svc0001", 100.0, 130.0, 1)
DOWN = Heard(102.0, PLACE, "svc0001", "down", posted=True, dropped=False)
OVER = Heard(131.0, PLACE, "svc0001", "restored", posted=True, dropped=False)


def again(one: Heard, at: float, **more: object) -> Heard:
    return Heard(**{**vars_of(one), "at": at, **more})


def vars_of(one: Heard) -> dict[str, object]:
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


def test_a_message_tells_of_each_service_in_its_lines():
    text = "🔴 2 services are down\n🔴 svc0001: down since 9:41\n🔴 svc0002: down since 9:41\n🟢 svc0003: restored"
    assert set(mentioned(text)) == {("svc0001", "down"), ("svc0002", "down"), ("svc0003", "restored")}


def test_what_is_still_down_when_another_is_restored_is_told_of_neither_again_nor_as_restored():
    assert set(mentioned("🟢 svc0001 restored\nStill down: svc0002 and svc0003")) == {("svc0001", "restored")}


@pytest.mark.parametrize(
    ("heard", "what"),
    [
        ([], "lost"),
        ([DOWN], "lost"),
        ([again(DOWN, 140.0), OVER], "early"),
        ([again(DOWN, 99.0), DOWN, OVER], "invented"),
        ([DOWN, OVER, Heard(150.0, PLACE, "svc0009", "down", posted=True, dropped=False)], "invented"),
        ([DOWN, again(DOWN, 110.0), OVER], "unexcused"),
    ],
)
def test_each_wrong_is_seen(heard, what):
    assert getattr(judge(heard, [OUTAGE], []), what)


def test_what_is_allowed_is_no_wrong():
    dropped = again(DOWN, 101.0, dropped=True)
    assert judge([DOWN, OVER], [OUTAGE], []).wanted == 2
    for heard, woes in (
        ([DOWN, OVER], []),
        ([dropped, DOWN, OVER], []),
        ([DOWN, again(DOWN, 104.0), OVER], [(101, 103)]),
    ):
        found = judge(heard, [OUTAGE], woes)
        assert (found.lost, found.early, found.invented, found.unexcused) == ((), (), (), ())
    assert judge([OVER], [OUTAGE], []).merged == 1
