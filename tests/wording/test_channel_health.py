"""What is said of dead channels and of places that refuse, word for word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import wording
from bot.model import (
    Advice,
    AdviceCode,
    ChangeKind,
    Confidence,
    Destination,
    Overview,
    Reason,
    ReasonCode,
    ServiceState,
)
from bot.model.observations import Outcome, Reading
from tests.reasons import quote
from tests.wording.outages import DOWN, EN, ES, POSSIBLE, X, at, told

SLACK = wording.channel_service("slack", ("API", "messages"), "en")
MAIL = wording.channel_service("email", ("API", "messages"), "en")
OAUTH = "api.slack.com/apps > OAuth"
TOKEN = Reason.of(
    ReasonCode.TOKEN_REJECTED,
    key="channels.slack.bot_token",
    channel="slack",
    code="token_revoked",
    advice=Advice.of(AdviceCode.COPY_TOKEN, place=OAUTH),
)
REVOKED = Reason.of(
    ReasonCode.TOKEN_REVOKED, provider_code="token_revoked", advice=Advice.of(AdviceCode.COPY_TOKEN, place="here")
)
READINGS = (
    Reading("API", Outcome.FAILED, TOKEN),
    Reading("messages", Outcome.FAILED, REVOKED),
)
DEAD = replace(DOWN, service="slack-delivery", since=at(13, 55), confirmed_at=at(13, 56), readings=READINGS, reports=())
OVER = replace(DEAD, until=at(14, 40), steps=3)


def test_a_dead_channel_reads_as_a_service_does() -> None:
    english = told(ChangeKind.CONFIRMED, DEAD, at(13, 56), EN, SLACK)
    assert english.words.text.splitlines() == [
        "🔴 Slack delivery: down since 1:55 p.m.",
        (
            "Its API: channels.slack.bot_token is not accepted by Slack (token_revoked). "
            "Our messages: the bot token is not valid any more. Our checks confirmed it at 1:56 p.m."
        ),
        "Its notices go by the next channel where there is one; the rest wait until it is back.",
    ]
    spanish = told(ChangeKind.CONFIRMED, replace(DEAD, readings=READINGS[:1]), at(13, 56), ES, SLACK)
    assert spanish.words.text.splitlines() == [
        "🔴 Envío por Slack no funciona desde las 13:55",
        (
            "Su API: Slack no acepta channels.slack.bot_token (token_revoked). "
            "Lo confirmaron nuestras comprobaciones a las 13:56."
        ),
        "Sus avisos van por el siguiente canal, si lo hay; el resto espera a que vuelva.",
    ]


def test_its_end_says_nothing_of_the_services() -> None:
    others = ((X, DOWN),)
    assert told(ChangeKind.RESTORED, OVER, at(14, 41), EN, SLACK, others).words.text == (
        "🟢 Slack delivery: down since 1:55 p.m., restored 2:40 p.m. (45 min)"
    )
    assert told(ChangeKind.RESTORED, replace(OVER, service="email-delivery"), at(14, 41), ES, MAIL).words.text == (
        "🟢 Envío por correo: caído desde las 13:55, restablecido a las 14:40 (45 min)"
    )


def test_its_admins_read_what_they_can_do_while_it_lasts() -> None:
    first = told(ChangeKind.CONFIRMED, DEAD, at(13, 56), EN, SLACK)
    advised = wording.advised(first, DEAD)
    assert advised.words.lines == (
        *first.words.lines,
        "What to do: copy it again from api.slack.com/apps > OAuth.",
        "What to do: copy it again from here.",
    )
    assert advised.root.lines[-1] == "What to do: copy it again from here."
    over = told(ChangeKind.RESTORED, OVER, at(14, 41), EN, SLACK)
    assert wording.advised(over, OVER) == over


def test_what_comes_by_another_way_says_since_when_its_own_is_dead() -> None:
    for style, line in (
        (EN, "Sent here because Slack has been down since 1:55 p.m."),
        (ES, "Enviado aquí porque Slack no funciona desde las 13:55."),
    ):
        notice = told(ChangeKind.CONFIRMED, DOWN, at(14, 1), style)
        assert wording.dead(notice, "slack", at(13, 55), at(14, 2)).words.lines == (line, *notice.words.lines)


# ── places that refuse ───────────────────────────────────────────────────────────────────────────────────────────────

NOT_IN = Reason.of(ReasonCode.BOT_NOT_IN_CHANNEL, advice=AdviceCode.INVITE_BOT, provider_code="not_in_channel")
UNSEEN = Reason.of(ReasonCode.DISCORD_CHANNEL_UNSEEN, advice=AdviceCode.LET_BOT_SEE_CHANNEL, provider_code="50001")


def test_a_place_that_refuses_is_named_with_the_reason_what_to_do_and_who_misses_it() -> None:
    place = Destination("slack", "C012")
    said = wording.takes_nothing(place, NOT_IN, ("desk", "boss"), EN, at(14))
    assert said.words.text.splitlines() == [
        "⚠️ Slack rejects notices for slack:C012: not_in_channel",
        "Why: the bot is not in that channel.",
        "What to do: /invite @tocsin.",
        "Not getting them: desk and boss.",
    ]
    assert wording.takes_nothing(place, NOT_IN, (), ES, at(14)).words.text.splitlines() == [
        "⚠️ Slack rechaza los avisos para slack:C012: not_in_channel",
        "Motivo: el bot no está en ese canal.",
        "Qué hacer: /invite @tocsin.",
    ]


@pytest.mark.parametrize(
    ("place", "why", "title"),
    [
        (
            Destination("email", "a.very.long.name.of.somebody@mail.department.example.org"),
            quote("550 5.1.1 no such user here"),
            "⚠️ E-mail rejects notices for email:a.very.long.name.of.somebody@mail.departmen…",
        ),
        (
            Destination("discord", "998877"),
            UNSEEN,
            "⚠️ Discord rejects notices for discord:998877: code 50001",
        ),
        (
            Destination("webhook", "https://user:pass@hook.example.org/s3cret"),
            quote("HTTP 410"),
            "⚠️ The webhook rejects notices for webhook:https #dc01",
        ),
    ],
)
def test_its_title_fits_a_lock_screen_and_tells_no_secret(place, why, title) -> None:
    said = wording.takes_nothing(place, why, (), EN, at(14))
    assert said.words.title == title
    assert len(title) <= 80
    assert not any(secret in f"{said}" for secret in ("s3cret", "user:pass"))


def test_two_places_of_one_host_are_two_and_one_place_is_one_a_day() -> None:
    one, two = (Destination("webhook", f"https://hook.example.org/{name}") for name in "ab")
    keys = [
        wording.takes_nothing(*args, (), EN, when).key
        for args in ((one, quote("x")), (two, quote("y")))
        for when in (at(9),)
    ]
    assert len(set(keys)) == 2
    assert wording.takes_nothing(one, quote("z"), ("desk",), ES, at(21)).key == keys[0]
    assert wording.takes_nothing(one, quote("x"), (), EN, at(9, day=15)).key != keys[0]


# ── in answers ───────────────────────────────────────────────────────────────────────────────────────────────────────


def overview(own: ServiceState, /, **down) -> Overview:
    mail = ServiceState("email-delivery", up_since=at(9))
    up = ((X, ServiceState("x", up_since=at(9))),)
    return Overview(at(14), up, channels=((SLACK, own), (MAIL, mail)), down=down)


UP = ServiceState("slack-delivery", up_since=at(9))


@pytest.mark.parametrize(
    ("seen", "lines"),
    [
        (overview(UP), ("All notification channels are working.",)),
        (overview(ServiceState("slack-delivery")), ()),
        (
            overview(ServiceState("slack-delivery", incident=DEAD), slack=at(13, 55)),
            ("🔴 Slack delivery: down since 1:55 p.m.",),
        ),
        (
            overview(ServiceState("slack-delivery", incident=replace(POSSIBLE, since=at(13, 55)))),
            ("🟡 Slack delivery: may have been down since about 1:55 p.m. (not confirmed)",),
        ),
        (overview(UP, slack=at(13, 55)), ("🔴 Slack delivery: down since 1:55 p.m.",)),
    ],
)
def test_status_tells_of_the_channels_apart_from_the_services(seen, lines) -> None:
    said = wording.status(seen, EN)
    assert said.title == "🟢 The service we watch is up."
    assert said.lines == lines


def test_status_of_a_channel_is_answered_in_the_readers_language() -> None:
    seen = overview(ServiceState("slack-delivery", incident=DEAD), slack=at(13, 55))
    assert wording.status(seen, ES, "slack-delivery").title == "🔴 Envío por Slack no funciona desde las 13:55"
    assert wording.status(seen, ES, "email-delivery").title == "🟢 Envío por correo funciona desde las 9:00"
    assert wording.status(seen, ES).lines == ("🔴 Envío por Slack no funciona desde las 13:55",)
    assert wording.status(overview(UP), ES).lines == ("Todos los canales de aviso funcionan.",)
    assert DEAD.confidence is Confidence.CONFIRMED


def test_a_digest_does_not_count_the_channels() -> None:
    seen = replace(overview(ServiceState("slack-delivery", incident=DEAD), slack=at(13, 55)), recent=(OVER,))
    assert wording.digest("comms", seen, at(9), EN).text == (
        "📰 comms, Thursday, July 14: all quiet, the service was up"
    )
