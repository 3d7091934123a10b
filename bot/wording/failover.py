"""Lines added to a notice at delivery: sent by another channel, or late. The title stays, so that the news comes first."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime

from bot.model import Notice
from bot.wording.catalog import Catalog, catalog
from bot.wording.text import clean, foreign, stop
from bot.wording.times import reader

CODE = re.compile(r"\s*\(([\w ]*)\)$")  # "(not_in_channel)": meaningless to readers
# Start of the operator's remedy.
ADVICE = re.compile(r"; |: (?=/|(?:add|ask|check|copy|name|turn|unarchive)\b)")


def unanswered(notice: Notice, channel: str, since: datetime, now: datetime) -> Notice:
    """`channel`: the kind that has not accepted the notice since `since`."""
    to = reader(notice.style, now)
    return _headed(notice, to.say.failover.no_answer.format(channel=channel_name(channel, to.say), at=to.point(since)))


def dead(notice: Notice, channel: str, since: datetime, now: datetime) -> Notice:
    """`channel`: the kind that has been down since `since`."""
    to = reader(notice.style, now)
    return _headed(notice, to.say.failover.down.format(channel=channel_name(channel, to.say), at=to.point(since)))


def refused(notice: Notice, channel: str, why: str) -> Notice:
    """`channel`: the kind that refused the notice; `why`: the reason in its receipt."""
    say = catalog(notice.style.language)
    said, _, _ = apart(why)
    return _headed(notice, say.failover.refused.format(channel=channel_name(channel, say), why=foreign(said, 120)))


def apart(why: str) -> tuple[str, str, str]:
    """Split the reason of a receipt or a probe: reason, remedy for the operator, and the provider's code."""
    why = clean(why)
    code = CODE.search(why)
    said, *advice = ADVICE.split(CODE.sub("", why), maxsplit=1)
    return said.rstrip("."), "".join(advice).rstrip("."), code[1] if code else ""


def channel_name(channel: str, say: Catalog) -> str:
    """The channel's name as used within a sentence."""
    return say.channel_names.get(channel, channel)


def _headed(notice: Notice, line: str) -> Notice:
    return replace(notice, words=replace(notice.words, lines=(stop(line), *notice.words.lines)))
