"""What is answered to somebody who says how a service is for them."""

from __future__ import annotations

from bot.model import Overview, Service, Style, Tally, Text
from bot.wording.phrases import Phrases, phrases
from bot.wording.status import status
from bot.wording.text import NAME, counted, fit, stop
from bot.wording.titles import name_of


def reported(service: Service, overview: Overview, style: Style, *, works: bool) -> Text:
    """`overview`: as it was before, with tallies that know what this person had said."""
    say = phrases(style.language)
    before = overview.user_reports.get(service.id, Tally())
    form = say.crowd.noted_works if works else say.crowd.noted
    lines = (
        say.crowd.before if before.mine is works else "",
        *_others(before, say),
        say.crowd.now.format(title=status(overview, style, service.id).title),
        "" if works else say.crowd.to_end.format(service=service.id),
    )
    return Text(fit(name_of(service), form.format(name=NAME)), tuple(stop(line) for line in lines if line))


def report_what(style: Style) -> Text:
    """It was not said of which service."""
    say = phrases(style.language)
    return Text(stop(say.crowd.of_what), (stop(say.crowd.like_this),))


def too_many(style: Style) -> Text:
    return Text(stop(phrases(style.language).crowd.too_many))


def _others(before: Tally, say: Phrases) -> tuple[str, ...]:
    down = before.reports - (before.mine is False)
    works = before.works - (before.mine is True)
    return (
        counted(say.crowd.others, down) if down else say.crowd.others_none,
        counted(say.crowd.others_works, works) if works else "",
    )
