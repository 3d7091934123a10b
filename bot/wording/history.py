"""Reply to "history": recent outages with start, end and length, and their number."""

from __future__ import annotations

from datetime import timedelta

from bot.model import Overview, Service, Style, Text, bad_time, outages
from bot.wording.digest import PeriodFacts, digest_facts
from bot.wording.text import NAME, fit, sentences, stop
from bot.wording.times import MINUTE, Reader, reader
from bot.wording.titles import name_of
from bot.wording.uptime import LITTLE

ROWS = 30
DAY = timedelta(days=1)


def history(overview: Overview, period: timedelta, style: Style, service: Service | None = None) -> Text:
    """Of one service or all: present incidents first, then past ones, newest first."""
    to = reader(style, overview.at)
    facts = digest_facts(overview, overview.at - period, style, (service.id,) if service else ())
    say, count, name = to.say.history, facts.count, name_of(service) if service else ""
    covered = _covered(facts, to)
    figures = (*facts.blind, *(_figures(overview, facts, to) if service else ()))
    if not count:
        form = say.none_of if service else say.none
        return Text(fit(name, form.format(name=NAME, period=covered)), (*facts.now, *figures))
    title = (say.incidents_of if service else say.incidents).format(count=count, name=NAME, period=covered)
    over = [h for h in reversed(facts.happened) if h.end]  # open ones come first, with their present state
    lines = [*facts.now, *(stop(h.text) for h in over[:ROWS])]
    ended = count - sum(h.end is None for h in facts.happened)
    if ended > len(over[:ROWS]):
        lines.append(to.say.lists.more.format(head="…", count=ended - len(over[:ROWS])))
    if ended > 1:
        lines.append(_lengths(overview, facts, to))
    return Text(fit(name, title), (*lines, *figures))


def _covered(facts: PeriodFacts, to: Reader) -> str:
    """The time that is really spoken of: from the first observation on, if that was within the period."""
    firsts = [figure.since or facts.since for figure in facts.uptime if figure.share is not None]
    since = min([*firsts, *(one.start for one in facts.happened)], default=facts.since)
    length = facts.until - max(since, facts.since)
    if length >= facts.until - facts.since - max((facts.until - facts.since) / LITTLE, MINUTE):
        return facts.period
    return to.period(length // DAY * DAY if length > 2 * DAY else length)


def _lengths(overview: Overview, facts: PeriodFacts, to: Reader) -> str:
    """How long it was in all, without any minute twice, and the longest."""
    period = facts.since, facts.until
    services = [u.service for u in facts.uptime]
    whole = sum((bad_time(overview, name, period) for name in services), timedelta())
    lengths = [h.end - h.start for h in facts.happened if h.end]
    lengths += [o.until - o.since for o in outages(overview) if o.until and o.service in services]
    return stop(to.say.history.total.format(length=to.duration(whole), longest=to.duration(max(lengths))))


def _figures(overview: Overview, facts: PeriodFacts, to: Reader) -> tuple[str, ...]:
    """Uptime and average response time."""
    say, lines = to.say.history, list[str]()
    for figure in facts.uptime:
        took = overview.answering.get(figure.service)
        up = say.up.format(percent=figure.whole) if figure.whole else ""
        lines.append(sentences(up, say.average_answer.format(seconds=to.brief(took)) if took else ""))
    return tuple(line for line in lines if line)
