"""What an enemy would write, in every place into which somebody outside can write; and what a reader must not find."""

from __future__ import annotations

import re
from dataclasses import replace

from bot import wording
from bot.model import ChangeKind, Health, Notice, Outcome, Reading, Role, Round, Service, SourceReport
from tests.reasons import quote
from tests.wording.outages import DOWN, EN, THEIRS, at, told

MARKS = (  # what must be read as it is written
    "<!channel>",
    "@everyone",
    "@here",
    "<@U1>",
    "<@&22>",
    "@admin_ana",
    "[x](http://evil.example/a)",
    "evil.com",
    "<b>b</b>",
    "*b*",
    "`c`",
    "||p||",
    "/ack",
)
UNSEEN = "\u202e\u2066\u200b\u200f\ufeff\u00ad\x1b\x07\u2800"  # turns, hides or blanks what follows
HOSTILE = (
    UNSEEN + f"{UNSEEN} ".join(MARKS) + "\r\n<script>alert(1)</script> www.evil.org a@evil.com 10.9.8.7 " + "x" * 10_000
)

ADDRESS = re.compile(r"(?i)\w://|\bwww\.\w|[\w-]@[\w-]+\.\w|[\w-]\.(?:com|org|net|io|example)\b|\b\d+\.\d+\.\d+\.\d+\b")
"""What some chat or mail program makes a link of."""


def notices() -> dict[str, Notice]:
    """A notice by who wrote the hostile words in it."""
    word = SourceReport(Role.OFFICIAL, HOSTILE, Health.DEGRADED, HOSTILE, at=at(14, 21), components=(HOSTILE,))
    tracker = SourceReport(Role.TRACKER, HOSTILE, Health.DOWN, HOSTILE, at=at(14, 21), components=(HOSTILE, HOSTILE))
    readings = (Reading("web", Outcome.FAILED, quote(HOSTILE)), Reading("app", Outcome.FAILED, quote(HOSTILE[::-1])))
    named = Service("x", HOSTILE, ("web",))
    return {
        "a status page": told(
            ChangeKind.OFFICIAL, replace(THEIRS, reports=(word,), official_at=at(14, 21)), at(14, 21)
        ),
        "a status page and a tracker": told(ChangeKind.CONFIRMED, replace(DOWN, reports=(word, tracker)), at(14, 1)),
        "what answered a check": told(ChangeKind.CONFIRMED, replace(DOWN, readings=readings), at(14, 1)),
        "a catalogue": told(ChangeKind.CONFIRMED, DOWN, at(14, 1), EN, named, ((replace(named, id="y"), DOWN),)),
        "who acknowledges": told(
            ChangeKind.ACKNOWLEDGED, replace(DOWN, acked_by=HOSTILE, acked_at=at(14, 5)), at(14, 5)
        ),
        "who takes it back": told(
            ChangeKind.RETRACTED, replace(DOWN, until=at(14, 50), retracted=True), at(15), by=HOSTILE, why=HOSTILE
        ),
        "a provider that refuses": wording.refused(
            told(ChangeKind.CONFIRMED, DOWN, at(14, 1)), "slack", quote(HOSTILE)
        ),
        "all that a look finds": replace(
            told(ChangeKind.CONFIRMED, DOWN, at(14, 1)),
            words=wording.looked(Round("x", at(14, 2), readings, (word, tracker)), named, EN),
        ),
    }


def found(text: str) -> list[str]:
    """What in `text`, as a reader's program has it, would be more than text."""
    return [*ADDRESS.findall(text), *(char for char in text if char in UNSEEN)]
