"""What is added to a notice on its way: that it comes by another way, or late. The title stays: the news is read first."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from bot.model import Notice
from bot.tell.phrases import Phrases, phrases
from bot.tell.wording.text import clean, stop
from bot.tell.wording.times import reader

CODE = re.compile(r"\s*\([\w ]*\)$")  # "(not_in_channel)": says nothing to a reader
ADVICE = re.compile(r"; |: (?=/)")  # what its operator is to do begins here


def unanswered(notice: Notice, channel: str, since: datetime, now: datetime) -> Notice:
    """`channel`: the kind that has not taken it since `since`."""
    to = reader(notice.style, now)
    return _headed(notice, to.say.sent_here.format(channel=_name(channel, to.say), at=to.point(since)))


def refused(notice: Notice, channel: str, why: str) -> Notice:
    """`channel`: the kind that refused it; `why`: what its receipt said."""
    say = phrases(notice.style.language)
    said = ADVICE.split(CODE.sub("", clean(why)), maxsplit=1)[0].rstrip(".")
    return _headed(notice, say.refused_there.format(channel=_name(channel, say), why=clean(said, 120)))


def _name(channel: str, say: Phrases) -> str:
    return say.channels.get(channel, channel)


def _headed(notice: Notice, line: str) -> Notice:
    return replace(notice, words=replace(notice.words, lines=(stop(line), *notice.words.lines)))
