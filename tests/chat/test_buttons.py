"""What buttons bear is understood by the desk, whoever presses and whatever has become of the service."""

from __future__ import annotations

import pytest

from bot.chat.commands import COMMANDS
from bot.chat.context import ForService
from bot.model import Ack, Button, ChangeKind, Mute
from tests.chat.test_commands import said
from tests.wording.outages import DOWN, X, at, told

BUTTONS = told(ChangeKind.CONFIRMED, DOWN, at(14, 1), service=X).buttons


@pytest.mark.parametrize("button", BUTTONS, ids=lambda button: button.label)
def test_a_button_bears_a_command_that_is_understood(button: Button) -> None:
    admin, anybody = said(button.command, admin=True), said(button.command)
    assert "There is no command" not in admin.reply.title
    assert admin.reply.title != said("help").reply.title
    assert (anybody.reply.title == "🔒 Only Tocsin's admins can do that.") == COMMANDS[button.command.split()[0]].admins
    assert not any(isinstance(order, ForService) for order in anybody.orders)


def test_what_people_report_is_counted_as_they_say_it() -> None:
    [fails], [works] = (said(b.command).orders for b in BUTTONS if b.command.startswith("report"))
    assert (fails.works, works.works) == (False, True)


def test_acknowledge_and_mute_order_what_they_say() -> None:
    [ack], [mute] = (said(b.command, admin=True).orders for b in BUTTONS if b.label in {"Acknowledge", "Mute 1 h"})
    assert isinstance(ack, ForService)
    assert isinstance(ack.order, Ack)
    assert isinstance(mute, ForService)
    assert isinstance(mute.order, Mute)
    assert (mute.order.until - mute.order.at).total_seconds() == 3600


@pytest.mark.parametrize("button", BUTTONS, ids=lambda button: button.label)
def test_what_is_pressed_of_a_service_that_is_gone_is_answered(button: Button) -> None:
    reply = said(button.command.replace(" x", " vanished"), admin=True)
    assert "vanished" in reply.reply.title
    assert reply.orders == ()
