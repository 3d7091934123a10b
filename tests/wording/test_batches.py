"""Many incidents in one message, word for word, in English and in Spanish."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import wording
from bot.model import Batch, BatchItem, ChangeKind, Destination, Tone
from bot.wording.batches import LINES
from tests.wording.outages import DOWN, EN, ES, PARTLY, POSSIBLE, SLOW, UNSTABLE, at, told

PLACE = Destination("slack", "C012")
AWAY = (at(13, 55), at(14, 40))


def ended(incident, style=EN):
    return told(ChangeKind.RESTORED, replace(incident, until=at(14, 35)), at(14, 35), style)


def line(notice):
    well = notice.ends is not ChangeKind.UNWATCHED
    return BatchItem(notice.thread, notice.line, notice.ends is not None, notice.causes, notice.since, notice.at, well)


def gathering(*notices, style=EN, **more):
    return Batch("#many#7/9", "#many#7", PLACE, tuple(map(line, notices)), style, at(14, 1), **more)


@pytest.mark.parametrize(
    ("incident", "english", "spanish"),
    [
        (DOWN, "🟢 X (Twitter) was down 2:00–2:35 p.m.", "🟢 X (Twitter) estuvo caído 14:00–14:35"),
        (PARTLY, "🟢 X (Twitter) was partly down 2:00–2:35 p.m.", "🟢 X (Twitter) falló en parte 14:00–14:35"),
        (SLOW, "🟢 X (Twitter) was slow 2:00–2:35 p.m.", "🟢 X (Twitter) estuvo lento 14:00–14:35"),
        (UNSTABLE, "🟢 X (Twitter) was unstable 2:00–2:35 p.m.", "🟢 X (Twitter) estuvo inestable 14:00–14:35"),
        (
            POSSIBLE,
            "🟢 X (Twitter) may have had trouble 2:00–2:35 p.m.",
            "🟢 X (Twitter) pudo tener problemas 14:00–14:35",
        ),
    ],
)
def test_an_ended_incident_in_one_line(incident, english, spanish):
    assert (ended(incident).line, ended(incident, ES).line) == (english, spanish)


def test_an_open_incident_is_in_one_line_what_its_title_says():
    notice = told(ChangeKind.REMINDED, DOWN, at(14, 30))
    assert notice.line == "🔴 X (Twitter): down since 2:00 p.m."


def test_slack_back_after_one_outage_gets_one_line():
    english = wording.many(gathering(ended(DOWN), late=True), at(14, 41), AWAY)
    spanish = wording.many(gathering(ended(DOWN, ES), style=ES, late=True), at(14, 41), AWAY)
    assert english.words.text == "🟢 While Slack was down (1:55–2:40 p.m.): X (Twitter) was down 2:00–2:35 p.m."
    assert len(english.words.title) <= 80
    # Too long for a lock screen in Spanish: the outage in the title, why it is late below.
    assert spanish.words.text == (
        "🟢 X (Twitter) estuvo caído 14:00–14:35\nCon retraso: Slack estuvo sin funcionar 13:55–14:40."
    )
    assert english.tone is Tone.UP


@pytest.mark.hardened("N-A13", "the time below a message of many", "is that of what it tells last")
def test_several_are_counted_and_listed():
    notice = wording.many(
        gathering(ended(DOWN), told(ChangeKind.CONFIRMED, PARTLY, at(14, 3)), late=True), at(14, 41), AWAY
    )
    assert notice.words.title == "🟠 While Slack was down (1:55–2:40 p.m.): 2 incidents"
    assert notice.words.lines == (
        "🟢 X (Twitter) was down 2:00–2:35 p.m.",
        "🟠 X (Twitter): partly down since 2:00 p.m. (TweetDeck)",
    )
    assert (notice.tone, notice.root, notice.at) == (Tone.DOWN, notice.words, at(14, 35))


def test_why_it_is_late_where_nobody_saw_the_channel_down():
    missed = wording.many(gathering(ended(DOWN), ended(PARTLY), late=True), at(14, 41))
    assert missed.words.title == "🟢 Delayed, as Slack accepted no messages from 2:01 p.m. on: 2 incidents"
    before = wording.many(gathering(ended(DOWN), ended(PARTLY), late=True), at(14, 41), (at(9), at(9, 30)))
    assert before.words.title == missed.words.title  # an outage of this morning explains nothing


def test_after_quiet_hours():
    english = wording.many(gathering(ended(DOWN), late=True, deferred=True), at(7))
    spanish = wording.many(gathering(ended(DOWN, ES), ended(SLOW, ES), style=ES, late=True, deferred=True), at(7))
    assert english.words.text == "🟢 During quiet hours: X (Twitter) was down 2:00–2:35 p.m."
    assert spanish.words.title == "🟢 Durante las horas de silencio: 2 incidencias"


@pytest.mark.parametrize(
    ("over", "english", "spanish"),
    [
        (
            0,
            "🔴 4 services down or in trouble since 2:00 p.m.",
            "🔴 4 servicios caídos o con problemas desde las 14:00",
        ),
        (
            3,
            "🟠 1 of 4 services still in trouble (since 2:00 p.m.)",
            "🟠 1 de 4 servicios sigue con problemas (desde las 14:00)",
        ),
        (4, "🟢 4 services back to normal (2:35 p.m.)", "🟢 4 servicios vuelven a funcionar (14:35)"),
    ],
)
def test_a_storm_says_how_many_and_is_kept_true(over, english, spanish):
    for style, title in ((EN, english), (ES, spanish)):
        notices = [*[ended(DOWN, style)] * over, *[told(ChangeKind.CONFIRMED, DOWN, at(14, 1), style)] * (4 - over)]
        notices = [replace(one, thread=f"s{number}#1") for number, one in enumerate(notices)]
        assert wording.many(gathering(*notices, style=style), at(14, 36)).words.title == title


def test_what_all_or_most_of_them_share_is_named():
    shared = replace(told(ChangeKind.CONFIRMED, DOWN, at(14, 1)), causes=("on:Cloudflare", "at:cdn.example.net"))
    alone = told(ChangeKind.CONFIRMED, DOWN, at(14, 1))
    host = replace(alone, causes=("at:cdn.example.net",))

    def first(*notices):
        notices = [replace(one, thread=f"s{number}#1") for number, one in enumerate(notices)]
        return wording.many(gathering(*notices), at(14, 2)).words.lines[0]

    assert first(shared, shared, shared) == "All of them depend on Cloudflare."
    assert first(shared, shared, shared, alone) == "Most of them depend on Cloudflare."
    assert first(host, host) == "All of them run on cdn.example.net."
    assert first(host, host, host, alone) == "Most of them run on cdn.example.net."
    assert first(shared, alone, alone) == alone.line


def test_a_long_list_is_cut_and_counted():
    one = told(ChangeKind.CONFIRMED, DOWN, at(14, 1))
    notices = [replace(one, thread=f"s{number}#1") for number in range(LINES + 27)]
    words = wording.many(gathering(*notices), at(14, 2)).words
    assert (len(words.lines), words.lines[-1]) == (LINES + 1, "And 27 more.")


def test_one_that_is_late_and_alone_keeps_its_evidence():
    down = told(ChangeKind.CONFIRMED, DOWN, at(14, 1))
    late = wording.missed(down, "slack", at(14, 41), AWAY, deferred=False)
    assert (late.words.title, late.words.lines[0]) == (down.words.title, "Delayed: Slack was down 1:55–2:40 p.m.")
    assert late.words.lines[1:] == down.words.lines
    over = wording.missed(ended(DOWN), "slack", at(14, 41), AWAY, deferred=False)
    assert over.words.title == "🟢 While Slack was down (1:55–2:40 p.m.): X (Twitter) was down 2:00–2:35 p.m."
    quiet = wording.missed(down, "slack", at(7), None, deferred=True)
    assert quiet.words.lines[0] == "Held during quiet hours."


@pytest.mark.hardened(
    "R17", "all channels dead, then back", "the channels' own outages are not counted among the readers'"
)
@pytest.mark.parametrize("service", ["telegram-delivery", "tocsin"])
def test_what_became_of_channels_and_of_us_is_told_last_and_not_counted(service):
    own = BatchItem(f"{service}#1", "🟢 Telegram took messages again", True, at=at(14, 1), since=at(14))
    lines = (own, *(BatchItem(f"s{n}#1", f"🟢 S{n} was down", True, at=at(14, 1), since=at(14)) for n in range(3)))
    message = wording.many(Batch("#many#7/9", "#many#7", PLACE, lines, EN, at(14, 1), late=True), at(14, 2), None)
    assert "3 incidents" in message.words.title
    assert "4 incidents" not in message.words.title
    assert message.words.lines[-1] == own.text


@pytest.mark.hardened("R17", "several channels are back", "they are not called services")
@pytest.mark.parametrize(
    ("ends", "title"),
    [
        ((True, True, True), "🟢 3 channels working again (2:01 p.m.)"),
        ((False, False, False), "🔴 3 channels down or in trouble since 2:00 p.m."),
        ((True, False, False), "🟠 2 of 3 channels still in trouble (since 2:00 p.m.)"),
    ],
)
def test_channels_alone_are_not_counted_as_services(ends, title):
    lines = tuple(
        BatchItem(f"{kind}-delivery#1", f"🟢 {kind} was down", over, at=at(14, 1), since=at(14))
        for kind, over in zip(("telegram", "email", "discord"), ends, strict=True)
    )
    message = wording.many(Batch("#many#7/9", "#many#7", PLACE, lines, EN, at(14, 1), late=False), at(14, 2), None)
    assert message.words.title == title


def test_a_storm_with_one_service_in_it_is_titled_by_that_one():
    lines = (
        BatchItem("x#1", "🔴 X: down since 2:00 p.m.", ends=False, at=at(14), since=at(14)),
        *(
            BatchItem(f"{kind}-delivery#1", f"🔴 {kind} delivery is down", ends=False, at=at(14), since=at(14))
            for kind in ("a", "b")
        ),
    )
    message = wording.many(Batch("#many#7/9", "#many#7", PLACE, lines, EN, at(14, 1), late=False), at(14, 2), None)
    assert message.words.text.splitlines() == [
        "🔴 X: down since 2:00 p.m.",
        "🔴 a delivery is down",
        "🔴 b delivery is down",
    ]


@pytest.mark.hardened(
    "R11", "one of several is back, one is out of the config", "one is said to be back: of the other nobody knows"
)
def test_what_is_no_longer_watched_is_not_called_back_to_normal():
    gone = told(ChangeKind.UNWATCHED, replace(PARTLY, until=at(14, 20)), at(14, 20))
    one = wording.many(gathering(ended(DOWN), gone), at(14, 41)).words
    assert one.title == "🟢 1 service back to normal (2:35 p.m.)"
    assert gone.line in one.lines
    none = wording.many(gathering(gone, gone), at(14, 41)).words
    assert none.title == "⚪ 2 incidents"


@pytest.mark.hardened("R17", "a service was down twice while its readers could not be reached", "counted as one")
def test_a_service_that_was_down_twice_is_one_service():
    again = replace(DOWN, number=2, since=at(14, 30))
    other = replace(DOWN, service="y")
    for ending, title in (
        ((ended(DOWN), ended(again), ended(other)), "🟢 2 services back to normal (2:35 p.m.)"),
        ((ended(DOWN), told(ChangeKind.CONFIRMED, again, at(14, 31)), ended(other)), "🟠 1 of 2 services"),
        ((ended(DOWN), told(ChangeKind.CONFIRMED, again, at(14, 31))), "🔴 X (Twitter): down since"),
    ):
        assert wording.many(gathering(*ending), at(14, 41)).words.title.startswith(title)
