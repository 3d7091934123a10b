"""What only the web pages say: errors, replies to the form, the zone of their times."""

from __future__ import annotations

from datetime import timedelta
from http import HTTPStatus

from bot.model import Overview, Service, Style, Tally, Text
from bot.wording.catalog import Catalog, catalog
from bot.wording.reports import noted
from bot.wording.status import status
from bot.wording.text import bare, stop, uncut
from bot.wording.times import Reader


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
