"""Replies to user reports; and what only the web pages say: errors, and the zone of their times."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

from bot.model import Overview, Service, Style, Tally, Text
from bot.wording.catalog import Catalog, catalog
from bot.wording.commands import for_example, typed
from bot.wording.status import status
from bot.wording.text import NAME, bare, fit, stop, uncut
from bot.wording.times import Reader
from bot.wording.titles import name_of


def error(status: int, style: Style) -> Text:
    """What went wrong, and what to do."""
    say = catalog(style.language)
    return Text(_problem(status, say), tuple(stop(line) for line in _hints(status, say)))


def _problem(status: int, say: Catalog) -> str:
    match status:
        case HTTPStatus.FORBIDDEN:
            return say.errors.forbidden
        case HTTPStatus.NOT_FOUND:
            return say.errors.not_found
        case HTTPStatus.METHOD_NOT_ALLOWED:
            return say.errors.not_allowed
        case HTTPStatus.REQUEST_TIMEOUT:
            return say.errors.timeout
        case HTTPStatus.REQUEST_ENTITY_TOO_LARGE | HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE:
            return say.errors.too_large
        case HTTPStatus.TOO_MANY_REQUESTS:
            return say.errors.too_many
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return say.errors.unavailable
        case _:
            return say.errors.failed if status >= HTTPStatus.INTERNAL_SERVER_ERROR else say.errors.bad_request


def _hints(status: int, say: Catalog) -> tuple[str, ...]:
    if status == HTTPStatus.NOT_FOUND:
        return (say.errors.not_found_line,)
    if status == HTTPStatus.FORBIDDEN:
        return (say.errors.use_form,)
    passing = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
    return (say.errors.retry,) if status in passing or status >= HTTPStatus.INTERNAL_SERVER_ERROR else ()


def form_reply(service: Service, overview: Overview, style: Style, *, again: bool) -> Text:
    """The reply to a report by the form. `overview`: the present state, including the report; `again`: the person had
    said so before.
    """
    say, works = catalog(style.language), overview.user_reports.get(service.id, Tally()).mine is True
    words = uncut(lambda named: noted(named, overview, style, works=works, again=again), service)
    state = bare(status(overview, style, service.id, whole=True).title)
    lines = (
        *words.lines,
        stop(say.user_reports.now.format(title=state)),
        "" if works else stop(say.user_reports.how_to_end_here),
    )
    return Text(bare(words.title), tuple(line for line in lines if line))


def choose(style: Style) -> Text:
    """The form was sent without a service."""
    say = catalog(style.language)
    return Text(say.user_reports.which_service, (stop(say.user_reports.choose),))


def zone(to: Reader) -> str:
    """The zone of all times on a page: "Europe/Madrid (UTC+2)"."""
    offset = to.now.utcoffset() or timedelta()
    hours, minutes = divmod(abs(offset) // timedelta(minutes=1), 60)
    sign = "-" if offset < timedelta() else "+"
    apart = f"UTC{sign}{hours}{f':{minutes:02}' if minutes else ''}" if offset else "UTC"
    return to.zone.key if to.zone.key == apart else f"{to.zone.key} ({apart})"


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
