"""English for the past: how often, how long, how much of the time."""

from __future__ import annotations

from bot.wording.phrases.shape.past import PastPhrases

PAST = PastPhrases(
    of_seen="{percent} of the time we saw; {length} unknown",
    since="{percent} since {since}",
    since_of_seen="{percent} of the time we saw since {since}; {length} unknown",
    up="Up {percent}",
    average="Average answer: {seconds} s",
    ordinals=("Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth"),
    nth="{nth} outage seen this year",
    numbered="Outage number {number} seen this year",
    last="{often}; the last: {day}, {length}",
    day_near="EEEE",
    day_far="MMM d",
)
