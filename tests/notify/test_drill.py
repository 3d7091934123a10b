"""A drill tries every way that a notice may take."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.model import Audience, Destination, Escalation
from bot.notify import routing

NOON = datetime(2022, 7, 14, 12, tzinfo=UTC)
SLACK, MAIL, BOSS = Destination("slack", "C1"), Destination("email", "a@b.example"), Destination("telegram", "1")


def test_each_place_has_one_test_notice_escalations_included():
    desk = Audience("desk", (SLACK, MAIL), ladder=True, escalations=(Escalation(timedelta(minutes=5), (BOSS,)),))
    rows = routing.drill_deliveries([desk, Audience("all", (MAIL,))], NOON)
    assert [(row.destination, row.audience) for row in rows] == [(SLACK, "desk"), (MAIL, "desk"), (BOSS, "desk")]
    assert {row.notice.thread for row in rows} == {"drill#20220714T120000"}
