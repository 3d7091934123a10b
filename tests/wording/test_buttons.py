"""What may be pressed under a notice, and what is typed by it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bot.model import OURSELVES, Button, ChangeKind, Delivery, DeliveryAction, Destination, Incident, Notice, Service
from bot.store.columns import Json
from tests.wording.outages import BLIND, DOWN, ES, POSSIBLE, UNSTABLE, WORN, X, at, told

HERE = Destination("slack", "C1")
ALL = (
    Button("Down for me too", "report x#17"),
    Button("Works for me", "report x#17 works"),
    Button("Acknowledge", "ack x#17"),
    Button("Mute 1 h", "mute x#17 1h"),
    Button("Details", "why x#17"),
)
TELLING = (
    ChangeKind.OPENED,
    ChangeKind.CONFIRMED,
    ChangeKind.WORSENED,
    ChangeKind.EASED,
    ChangeKind.REMINDED,
    ChangeKind.LASTING,
)


def under(notice: Notice, act: DeliveryAction = DeliveryAction.POST) -> tuple[Button, ...]:
    return Delivery("k", HERE, act, notice).buttons


@pytest.mark.parametrize("incident", [DOWN, POSSIBLE, UNSTABLE])
@pytest.mark.parametrize("kind", TELLING)
def test_what_tells_how_it_stands_bears_all(kind: ChangeKind, incident: Incident) -> None:
    assert under(told(kind, incident, at(14, 1))) == ALL


def test_the_labels_are_in_the_readers_language_and_the_commands_are_not() -> None:
    found = told(ChangeKind.CONFIRMED, DOWN, at(14, 1), ES).buttons
    assert [button.label for button in found] == [
        "A mí tampoco me va",
        "A mí me funciona",
        "Me ocupo yo",
        "Silenciar 1 h",
        "Detalles",
    ]
    assert [button.command for button in found] == [button.command for button in ALL]


@pytest.mark.parametrize("kind", [ChangeKind.OFFICIAL, ChangeKind.ACKNOWLEDGED])
def test_what_is_said_aside_leaves_them_to_the_first_message(kind: ChangeKind) -> None:
    notice = told(kind, DOWN, at(14, 21), by="Ana")
    assert (under(notice), under(notice, DeliveryAction.EDIT)) == ((), ALL)


def test_what_somebody_looks_into_is_not_to_be_acknowledged_again() -> None:
    acked = told(ChangeKind.ACKNOWLEDGED, replace(DOWN, acked_by="Ana", acked_at=at(14, 5)), at(14, 5), by="Ana")
    assert under(acked, DeliveryAction.EDIT) == tuple(button for button in ALL if button.command != "ack x#17")


@pytest.mark.parametrize("act", DeliveryAction)
@pytest.mark.parametrize("kind", [ChangeKind.RESTORED, ChangeKind.RETRACTED, ChangeKind.UNWATCHED])
def test_nothing_can_be_done_about_what_is_over(kind: ChangeKind, act: DeliveryAction) -> None:
    assert under(told(kind, replace(DOWN, until=at(14, 50)), at(14, 51)), act) == ()


def test_a_certificate_that_ends_soon_is_nothing_that_people_can_see() -> None:
    assert under(told(ChangeKind.OPENED, WORN, at(14, 1))) == ALL[2:]


@pytest.mark.parametrize(
    ("service", "incident"),
    [
        (Service(OURSELVES, "Tocsin"), BLIND),
        (Service("slack-delivery", "Slack delivery", channel="slack"), replace(DOWN, service="slack-delivery")),
        (Service("our mail", "Our mail"), replace(DOWN, service="our mail")),  # no single word for a command
    ],
)
def test_ourselves_and_the_ways_to_people_have_none(service: Service, incident: Incident) -> None:
    assert under(told(ChangeKind.OPENED, incident, at(14, 1), service=service)) == ()


def test_what_an_older_tocsin_has_queued_still_goes_out() -> None:
    column, notice = Json(Notice), told(ChangeKind.CONFIRMED, DOWN, at(14, 1), service=X)
    kept = json.loads(column.process_bind_param(notice, None))
    del kept["buttons"]
    assert column.process_result_value(json.dumps(kept), None) == replace(notice, buttons=())
