"""The command `maintenance`: list, plan and cancel. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot import wording
from bot.chat import times
from bot.chat.context import CallOff, CommandContext, Plan, Response
from bot.model import Origin, Service, Style, Window
from bot.wording.catalog import fold, input_words

MINUTE = timedelta(minutes=1)
LONGEST = timedelta(days=31)


@dataclass(frozen=True, slots=True)
class _Span:
    since: datetime
    until: datetime
    note: str


def maintenance(context: CommandContext) -> Response | None:
    if not context.words:
        return _list(context)
    if not context.admin:
        return Response(wording.not_allowed(context.style))
    first, *rest = context.words
    if fold(first) in input_words("cancel"):
        return _call_off(context, tuple(rest))
    services, words = _whose(context, context.words)
    if services is None:
        return context.unknown_service(first)
    if len(words) == 1 and fold(words[0]) in input_words("cancel"):
        return _call_off(context, context.words[:-1])
    now = context.ask.at
    try:
        span = _span(words, context.style, now)
    except (ValueError, OverflowError):
        return Response(wording.when_unclear(context.style, now))
    if span.until <= max(span.since, now) or span.until - span.since > LONGEST:
        return Response(wording.when_unclear(context.style, now, over=span.since < span.until <= now))
    names = tuple(service.id for service in services)
    key = f"said:{context.ask.key}"
    window = Window(key, names, span.since, span.until, Origin.SAID, now, span.note, context.ask.name)
    if earlier := _planned(context, window):
        since = min(earlier.since, window.since) if earlier.since <= now else window.since
        window = replace(earlier, since=since, until=window.until, note=window.note or earlier.note)
        if _near(window, earlier):
            return Response(wording.announced(earlier, services, context.style, now), (Plan(earlier),))
    return Response(wording.announced(window, services, context.style, now), (Plan(window),))


def _list(context: CommandContext) -> Response:
    now = context.ask.at
    found = [w for w in context.overview.windows if not w.over(now)]
    return Response(wording.plans([(w, _services(context, w)) for w in found], context.style, now))


def _call_off(context: CommandContext, words: tuple[str, ...]) -> Response | None:
    """Cancel all that is under way, else the next window."""
    if not words:
        return None
    services, _ = _whose(context, words)
    if services is None:
        return context.unknown_service(" ".join(words))
    now, wanted = context.ask.at, tuple(service.id for service in services)
    found = [w for w in context.overview.windows if not w.over(now) and _meant(w, wanted)]
    if not found:
        return Response(wording.nothing_planned(" ".join(words), context.style, now))
    found.sort(key=lambda w: (w.since, w.number))
    ending = [w for w in found if w.since <= now] or found[:1]
    left = [w for w in found if w not in ending]
    reply = wording.called_off(ending, left, _services(context, ending[0]), context.style, now)
    return Response(reply, tuple(CallOff(window.number) for window in ending))


def _planned(context: CommandContext, wanted: Window) -> Window | None:
    """The window that people planned for the same services and an overlapping time: planning again moves it."""
    return next(
        (
            w
            for w in context.overview.windows
            if w.origin is Origin.SAID
            and w.services == wanted.services
            and not w.over(context.ask.at)
            and w.since < (wanted.until or w.since)
            and (w.until is None or wanted.since < w.until)
        ),
        None,
    )


def _near(one: Window, other: Window) -> bool:
    """True if both begin and end in about the same minute."""
    ends = one.until and other.until and abs(one.until - other.until) < MINUTE
    return abs(one.since - other.since) < MINUTE and bool(ends) and one.note == other.note


def _meant(window: Window, wanted: tuple[str, ...]) -> bool:
    return window.services == wanted or (len(wanted) == 1 and wanted[0] in window.services)


def _services(context: CommandContext, window: Window) -> tuple[Service, ...]:
    return tuple(s for s, _ in context.overview.services if s.id in window.services)


def _whose(context: CommandContext, words: tuple[str, ...]) -> tuple[tuple[Service, ...] | None, tuple[str, ...]]:
    """The services named by the first words, and the words left. Empty: all services; None: none is named."""
    if words and fold(words[0]) in input_words("all") and context.find(words[0]) is None:
        return (), words[1:]
    watched = {service.id for service, _ in context.overview.services}
    service, _, rest = context.split(words)
    return ((service,), rest) if service and service.id in watched else (None, words)


def _span(words: tuple[str, ...], style: Style, now: datetime) -> _Span:
    """Parse "for 1h", "22:00 23:30", "tomorrow 22:00 until 23:30" or "2026-12-01T22:00 for 90m", each with a note after
    it. Raise ValueError for anything else.
    """
    left, since = [word for word in words if word], now
    if left and fold(left[0]) in input_words("now"):
        del left[0]
    elif lasts := times.length(left):
        return _Span(now, now + lasts, " ".join(left)[:200])
    else:
        since = times.moment(left, style, now)
    lasts = times.length(left)
    until = since + lasts if lasts else times.moment(left, style, since)
    return _Span(since, until, " ".join(left)[:200])
