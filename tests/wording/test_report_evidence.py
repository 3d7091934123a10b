"""What people say, as a line of evidence: word for word."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.model import ChangeKind, Health, Role, SourceReport
from tests.wording.outages import DOWN, ES, POSSIBLE, at, told

SURGE = SourceReport(Role.CROWD, "Reports here", Health.DEGRADED, reports=7, usual=1)


@pytest.mark.parametrize(
    ("word", "english", "spanish"),
    [
        (
            SURGE,
            "Reports here: 7 in the last hour, usually 1.",
            "Avisos de usuarios: 7 en la última hora, lo normal: 1.",
        ),
        (
            replace(SURGE, reports=1, usual=0, works=1),
            "Reports here: 1 in the last hour, usually none. 1 person says it works for them.",
            "Avisos de usuarios: 1 en la última hora, lo normal es ninguno. 1 persona nos dice que le funciona.",
        ),
        (
            replace(SURGE, says=Health.UP, reports=0, works=4),
            "4 people say it works for them.",
            "4 personas nos dicen que les funciona.",
        ),
    ],
)
def test_the_crowd_has_a_line_of_its_own(word, english, spanish):
    down = replace(DOWN, reports=(word,))
    assert told(ChangeKind.CONFIRMED, down, at(14, 1)).words.lines[1] == english
    assert told(ChangeKind.CONFIRMED, down, at(14, 1), ES).words.lines[1] == spanish


def test_of_the_crowd_alone_it_is_only_said_that_there_may_be_trouble():
    alone = replace(POSSIBLE, health=Health.DEGRADED, worst=Health.DEGRADED, readings=(), reports=(SURGE,))
    words = told(ChangeKind.OPENED, alone, at(14)).words
    assert words.text == (
        "🟡 X (Twitter): may have had trouble since about 2:00 p.m. (not confirmed)\n"
        "Our own checks find nothing wrong.\n"
        "Reports here: 7 in the last hour, usually 1."
    )
