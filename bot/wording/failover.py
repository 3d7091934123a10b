"""Lines added to a notice at delivery: sent by another channel, or late. The title stays, so that the news comes first."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.model import Notice, Reason
from bot.wording.catalog import catalog
from bot.wording.reasons import reason
from bot.wording.text import channel_name, stop, unlinked
from bot.wording.times import reader


def unanswered(notice: Notice, channel: str, since: datetime, now: datetime) -> Notice:
    """`channel`: the kind that has not accepted the notice since `since`."""
    to = reader(notice.style, now)
    return _headed(notice, to.say.failover.no_answer.format(channel=channel_name(channel, to.say), at=to.point(since)))


def dead(notice: Notice, channel: str, since: datetime, now: datetime) -> Notice:
    """`channel`: the kind that has been down since `since`."""
    to = reader(notice.style, now)
    return _headed(notice, to.say.failover.down.format(channel=channel_name(channel, to.say), at=to.point(since)))


def refused(notice: Notice, channel: str, why: Reason) -> Notice:
    """`channel`: the kind that refused the notice; `why`: the reason in its receipt, of which readers get no advice."""
    say = catalog(notice.style.language)
    said = unlinked(reason(why, say))
    return _headed(notice, say.failover.refused.format(channel=channel_name(channel, say), why=said))


def _headed(notice: Notice, line: str) -> Notice:
    return replace(notice, words=replace(notice.words, lines=(stop(line), *notice.words.lines)))
