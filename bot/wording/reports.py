"""Replies to user reports."""

from __future__ import annotations

from bot.model import Overview, Service, Style, Tally, Text
from bot.wording.catalog import Catalog, catalog
from bot.wording.commands import for_example, typed
from bot.wording.status import status
from bot.wording.text import NAME, fit, stop
from bot.wording.titles import name_of


def reported(service: Service, overview: Overview, style: Style, *, works: bool) -> Text:
    """`overview`: the state before, including this person's earlier report."""
    say = catalog(style.language)
    again = overview.user_reports.get(service.id, Tally()).mine is works
    words = noted(service, overview, style, works=works, again=again)
    lines = (
        say.user_reports.now.format(title=status(overview, style, service.id).title),
        "" if works else say.user_reports.how_to_end.format(command=typed(f"report {service.id} works", style)),
    )
    return Text(words.title, (*words.lines, *(stop(line) for line in lines if line)))


def noted(service: Service, overview: Overview, style: Style, *, works: bool, again: bool) -> Text:
    """That a report is noted, and what others say. `overview`: with this person's own report, if there is one."""
    say = catalog(style.language)
    form = say.user_reports.noted_works if works else say.user_reports.noted
    tally = overview.user_reports.get(service.id, Tally())
    lines = (say.user_reports.already_counted if again else "", *_others(tally, say))
    return Text(fit(name_of(service), form.format(name=NAME)), tuple(stop(line) for line in lines if line))


def report_what(style: Style, example: str) -> Text:
    """The report named no service. `example`: one that could be named."""
    say = catalog(style.language)
    examples = (f"report {example}", f"report {example} {say.user_reports.login_fails}", f"report {example} works")
    return Text(stop(say.user_reports.which_service), (for_example(examples, style),))


def too_many(style: Style) -> Text:
    return Text(stop(catalog(style.language).user_reports.too_many))


def _others(before: Tally, say: Catalog) -> tuple[str, ...]:
    down = before.reports - (before.mine is False)
    works = before.works - (before.mine is True)
    return (
        say.user_reports.others.format(count=down) if down else say.user_reports.others_none,
        say.user_reports.others_works.format(count=works) if works else "",
    )
