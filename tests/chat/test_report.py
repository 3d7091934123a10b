"""What people report, and what they are answered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.model import Overview, Report, Style, Tally
from tests.chat.answers import respond
from tests.chat.test_commands import DEAD, DOWN, HERE, NOW, SLACK, STYLE, UP, X, ask
from tests.chat.test_delivery_log import Chat, House

ES = Style("es", "Europe/Madrid")


def said(text, style=STYLE, tally=None):
    crowd = {"x": tally, "slack": tally} if tally else {}
    overview = Overview(
        NOW, ((X, DOWN), (SLACK, UP)), channels=((replace(X, id="s-delivery", channel="s"), DEAD),), user_reports=crowd
    )
    return respond(ask(text), overview, style, admin=False)


@pytest.mark.parametrize(
    ("text", "service", "what", "works"),
    [
        ("report x", "x", "", False),
        ("report X (Twitter)", "x", "", False),
        ("report x (twitter) login fails\n\x00  with 504", "x", "login fails with 504", False),
        ("report slack works", "slack", "works", True),
        ("Report Slack OK!", "slack", "OK!", True),
        ("report slack funciona otra vez", "slack", "funciona otra vez", True),
        ("report x doesn't work", "x", "doesn't work", False),
        (f"report x {'very ' * 100}", "x", f"{('very ' * 28)[:139].rstrip()}…", False),
    ],
)
def test_a_report_has_its_service_and_what_is_wrong(text, service, what, works):
    assert said(text).orders == (Report(service, NOW, "telegram:7", HERE.kind, what, works),)


def test_it_is_answered_with_what_others_said_and_what_we_see():
    assert said("report x").reply.text == (
        "✅ Thanks, noted: X (Twitter) doesn't work for you\n"
        "You're the first in the last hour.\n"
        "We're checking again. So far: 🔴 X (Twitter): down since 2:00 p.m.\n"
        'When it works again, send "report x works".'
    )
    assert said("report slack", tally=Tally(3, 1, mine=False)).reply.text == (
        "✅ Thanks, noted: Slack doesn't work for you\n"
        "You'd already told us: each person counts once an hour.\n"
        "2 other people reported it in the last hour.\n"
        "1 person says it works for them.\n"
        "We're checking again. So far: 🟢 Slack: up since 2:30 p.m. July 5.\n"
        'When it works again, send "report slack works".'
    )


def test_it_is_answered_in_spanish():
    assert said("report x works", ES, Tally(1, 2, mine=True)).reply.text == (
        "✅ Gracias, anotado: X (Twitter) te funciona\n"
        "Ya lo habías dicho: cada persona cuenta una vez por hora.\n"
        "1 persona más lo ha avisado en la última hora.\n"
        "1 persona nos dice que le funciona.\n"
        "Lo estamos comprobando de nuevo. Por ahora: 🔴 X (Twitter) no funciona desde las 14:00."
    )


def test_status_of_a_service_tells_how_many_report_it_now():
    assert "Reports here: 2 in the last hour, usually none." in said("status slack", tally=Tally(2)).reply.lines
    assert "Reports here: 1 in the last hour, usually 4. 2 people say it works for them." in (
        said("status x", tally=Tally(1, 2, 4)).reply.lines
    )
    assert "Reports" not in said("status slack").reply.text


def test_half_a_report_gets_help_and_a_channel_is_none_of_the_services():
    assert said("report").reply.text == (
        'Which service?\nFor example: "report x", "report x login fails", "report x works"'
    )
    assert said("report slak").reply.text == 'There\'s no service called "slak".\nDid you mean slack?'
    assert said("report s-delivery").orders == said("report").orders == ()


async def test_the_same_person_counts_once_at_the_desk(store):
    chat = Chat(House(store, ()))
    for expected in ("", "You'd already told us"):
        assert expected in await chat.say("report x")
    assert chat.desk.user_reports.tallies()["x"] == Tally(1)
    assert "noted: X (Twitter) works" in await chat.say("report x works")
    assert chat.desk.user_reports.tallies("telegram:7")["x"] == Tally(0, 1, mine=True, said_enough=True)
