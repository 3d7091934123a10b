"""What is sent instead of an edit whose message was deleted."""

from __future__ import annotations

from dataclasses import replace

from bot.model import Delivery, DeliveryAction, Destination, Notice, Text, Tone
from bot.notify.place_queue import replacement

SLACK = Destination("slack", "C012")
NOW_DOWN, RESTORED = Text("X is down"), Text("X restored")
EDIT = Delivery(
    "x#1/2@slack:C012;edit", SLACK, DeliveryAction.EDIT, Notice("x#1/2", "x#1", Tone.UP, RESTORED, root=NOW_DOWN)
)


def test_the_newest_other_message_of_the_thread_is_edited():
    instead = replacement(EDIT, "x#1/1@slack:C012")
    assert instead is not None
    assert (instead.action, instead.key) == (DeliveryAction.EDIT, f"{EDIT.key};anew")


def test_without_another_message_a_new_one_says_the_present_state():
    instead = replacement(EDIT, None)
    assert instead is not None
    assert (instead.action, instead.notice.words, instead.notice.root) == (DeliveryAction.POST, NOW_DOWN, None)
    assert not instead.notice.fresh, "nobody is called for what they have read before"


def test_a_message_that_carries_this_very_news_is_left_as_it_is():
    assert replacement(EDIT, "x#1/2@slack:C012") is None


def test_somebody_who_deletes_every_message_is_not_sent_new_ones_for_ever():
    key, sent = EDIT.key, 0
    while instead := replacement(replace(EDIT, key=key), "x#1/1@slack:C012"):
        key, sent = instead.key, sent + 1
    assert sent == 3


def test_an_edit_without_a_text_for_the_first_message_needs_no_other():
    assert replacement(replace(EDIT, notice=replace(EDIT.notice, root=None)), None) is None
