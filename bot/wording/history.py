"""Reply to "history": recent outages with start, end and length, and their number."""

from __future__ import annotations

from datetime import timedelta

from bot.model import Overview, Service, Style, Text
from bot.wording.digest import DigestFacts, digest_facts
from bot.wording.text import NAME, fit, sentences, stop
from bot.wording.times import Reader, reader
from bot.wording.titles import name_of

ROWS = 30


def history(overview: Overview, period: timedelta, style: Style, service: Service | None = None) -> Text:
    """Of one service or all: present incidents first, then past ones, newest first."""
    to = reader(style, overview.at)
    facts = digest_facts("", overview, overview.at - period, style, (service.id,) if service else ())
    say, count, name = to.say.history, len(facts.happened), name_of(service) if service else ""
    figures = (*facts.blind, *(_figures(overview, facts, to) if service else ()))
    if not count:
        form = say.none_of if service else say.none
        return Text(fit(name, form.format(name=NAME, period=facts.period)), (*facts.now, *figures))
    title = (say.incidents_of if service else say.incidents).format(count=count, name=NAME, period=facts.period)
    over = [h for h in reversed(facts.happened) if h.end]  # open ones come first, with their present state
    lines = [*facts.now, *(stop(h.text) for h in over[:ROWS])]
    if len(over) > ROWS:
        lines.append(to.say.lists.more.format(head="…", count=len(over) - ROWS))
    if len(over) > 1:
        lengths = [h.end - h.start for h in over if h.end]
        total, longest = to.duration(sum(lengths, timedelta())), to.duration(max(lengths))
        lines.append(stop(say.total.format(length=total, longest=longest)))
    return Text(fit(name, title), (*lines, *figures))


def _figures(overview: Overview, facts: DigestFacts, to: Reader) -> tuple[str, ...]:
    """Uptime and average response time."""
    say, lines = to.say.history, list[str]()
    for figure in facts.uptime:
        took = overview.answering.get(figure.service)
        up = say.up.format(percent=figure.whole) if figure.whole else ""
        lines.append(sentences(up, say.average_answer.format(seconds=to.brief(took)) if took else ""))
    return tuple(line for line in lines if line)
