"""What is added on the way, word for word; the title stays, for a lock screen shows the news first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import wording
from bot.config import KINDS
from bot.model import AdviceCode, ChangeKind, Reason, ReasonCode
from bot.wording.catalog import catalogs
from tests.reasons import quote
from tests.wording.outages import DOWN, EN, ES, PARTLY, SLACK, at, told

ENGLISH, SPANISH = (told(ChangeKind.CONFIRMED, DOWN, at(14, 1), style) for style in (EN, ES))


@pytest.mark.parametrize(
    ("channel", "english", "spanish"),
    [
        (
            "slack",
            "Sent here because Slack has not responded since 1:55 p.m.",
            "Enviado aquí porque Slack no responde (desde las 13:55).",
        ),
        (
            "email",
            "Sent here because e-mail has not responded since 1:55 p.m.",
            "Enviado aquí porque el correo electrónico no responde (desde las 13:55).",
        ),
        (
            "webhook",
            "Sent here because the webhook has not responded since 1:55 p.m.",
            "Enviado aquí porque el webhook no responde (desde las 13:55).",
        ),
    ],
)
def test_what_comes_by_another_way_says_which_one_does_not_answer(channel, english, spanish):
    for notice, line in ((ENGLISH, english), (SPANISH, spanish)):
        said = wording.unanswered(notice, channel, at(13, 55), at(14, 2))
        assert said.words.title == notice.words.title
        assert said.words.lines == (line, *notice.words.lines)
        assert (said.key, said.root) == (notice.key, notice.root)


def test_a_silence_of_another_day_is_dated():
    said = wording.unanswered(ENGLISH, "slack", at(23, 40, day=12), at(14, 2))
    assert said.words.lines[0] == "Sent here because Slack has not responded since 11:40 p.m. Tue."


@pytest.mark.parametrize(
    ("why", "said"),
    [
        (
            Reason.of(ReasonCode.AS_SAID, text="Forbidden: bot was kicked", advice=AdviceCode.ADD_OR_UNBLOCK_BOT),
            "Forbidden: bot was kicked",
        ),
        (quote("hooks.example: HTTP 404"), "hooks.\u2060example: HTTP 404"),
        (quote("550 no such\u202e user\n" + "x" * 300), f"550 no such user {'x' * 102}…"),
    ],
)
def test_a_refusal_is_told_in_its_own_words_without_what_its_operator_is_to_do(why, said):
    english, spanish = (wording.refused(notice, "discord", why).words.lines[0] for notice in (ENGLISH, SPANISH))
    end = "" if said.endswith("…") else "."
    assert english == f"Sent here because Discord rejected it: {said}{end}"
    assert spanish == f"Enviado aquí porque Discord lo rechazó: {said}{end}"


@pytest.mark.parametrize(
    ("code", "advice", "said", "dicho"),
    [
        (
            ReasonCode.BOT_NOT_IN_CHANNEL,
            AdviceCode.INVITE_BOT,
            "the bot is not in that channel",
            "el bot no está en ese canal",
        ),
        (
            ReasonCode.DISCORD_NO_SERVER,
            AdviceCode.CHECK_MEMBERSHIP,
            "Discord has no such server",
            "Discord no tiene ese servidor",
        ),
    ],
)
def test_a_refusal_that_we_know_is_told_in_the_readers_language(code, advice, said, dicho):
    why = Reason.of(code, advice=advice, provider_code="10004")
    english, spanish = (wording.refused(notice, "discord", why).words.lines[0] for notice in (ENGLISH, SPANISH))
    assert english == f"Sent here because Discord rejected it: {said}."
    assert spanish == f"Enviado aquí porque Discord lo rechazó: {dicho}."


def test_what_comes_late_says_so():
    english = wording.missed(ENGLISH, "slack", at(14, 30), None, deferred=False)
    spanish = wording.missed(SPANISH, "telegram", at(14, 30), None, deferred=False)
    assert english.words.lines[0] == "Delayed: Slack wasn't accepting messages."
    assert spanish.words.lines[0] == "Con retraso: Telegram no aceptaba mensajes."


@pytest.mark.parametrize("language", sorted(catalogs()))
def test_every_channel_has_a_name_in_every_language(language):
    assert set(catalogs()[language].channel_names) == {kind.model_fields["kind"].default for kind in KINDS}


def test_an_ending_that_comes_later_says_nothing_of_what_else_was_down_when_it_was_written():
    over = replace(DOWN, until=at(14, 50))
    ended = told(ChangeKind.RESTORED, over, at(14, 51), others=((SLACK, replace(PARTLY, service="slack")),))
    assert "Slack since 2:00 p.m." in ended.words.text
    by_another_way = wording.unanswered(ended, "telegram", at(14, 20), at(14, 52))
    for later in (ended.delayed(), by_another_way):
        assert "Slack since" not in later.words.text
        assert later.words.title == ended.words.title
        assert later.later is None
