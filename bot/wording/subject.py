"""The subject of a digest: what it is about, and what happened, in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from babel.dates import format_date

from bot.model import Confidence, Health, Outage, Overview, Span, Style, bad_time, clip, outages, outer
from bot.wording.text import NAME, clean, fit, shorten
from bot.wording.times import Reader, plain, reader
from bot.wording.titles import name_of

DAY = timedelta(hours=49)  # a period up to this long is about the day on which it ends


def subject(name: str, overview: Overview, since: datetime, style: Style, *, quiet: bool) -> str:
    """`overview`: of the services that the digest is about. `quiet`: nothing happened, and we saw all of it."""
    to, period = reader(style, overview.at), (since, overview.at)
    say, forms = to.say.report, list[str]()
    for news in _news(overview, period, to, quiet=quiet):
        forms += [say.subject.format(name=NAME, day=day, news=news) for day in days(period, to)]
    forms.append(say.subject_brief.format(name=NAME, news=news))
    return fit(clean(name, 60) or "?", *forms)


def days(period: Span, to: Reader) -> tuple[str, ...]:
    """The day or days that a period is about, and a shorter form: one that ends at midnight does not reach into that
    day.
    """
    say = to.say.report
    start = period[0].astimezone(to.zone)
    if period[1] - period[0] <= DAY:
        last = period[1].astimezone(to.zone)
        return tuple(plain(format_date(last, pattern, locale=to.locale)) for pattern in (say.day, say.day_short))
    end = max(period[0], period[1] - timedelta(seconds=1)).astimezone(to.zone)
    first, last_day = (plain(format_date(at, say.day_short, locale=to.locale)) for at in (start, end))
    return (first if first == last_day else say.days.format(since=first, until=last_day),)


def _news(overview: Overview, period: Span, to: Reader, *, quiet: bool) -> Iterator[str]:
    """What happened, in words that become fewer."""
    say, count = to.say.report, len(overview.services)
    if quiet and count:
        yield say.news_quiet.format(count=count)
        return
    names = {service.id: clean(name_of(service), 40) for service, _ in overview.services}
    found = [o for o in outer(outages(overview)) if o.service in names and _overlaps(o, overview, period)]
    now = _now(overview, names, to)
    if not found:
        yield now or say.news_none
        return
    form = say.news_outages if all(o.health is Health.DOWN for o in found) else say.news_incidents
    length = sum((bad_time(overview, key, period) for key in names), timedelta())
    whole = form.format(count=len(found), length=to.duration(length))
    (most, times), *_ = Counter(o.service for o in found).most_common(1)
    often = say.news_often.format(count=times, name=shorten(names[most], 30)) if times > 1 else ""
    for parts in ([now, whole, often], [now, whole], [whole]):
        joined, *rest = [part for part in parts if part]
        for part in rest:
            joined = say.news_joined.format(first=joined, second=part)
        yield joined


def _now(overview: Overview, names: dict[str, str], to: Reader) -> str:
    """What is not up at the end of the period."""
    bad = [state.incident for _, state in overview.services if state.incident and not state.answering_since]
    sure = [i for i in bad if i.confidence is Confidence.CONFIRMED]
    if len(sure) == 1 and sure[0].health is Health.DOWN:
        return to.say.report.news_down.format(name=shorten(names[sure[0].service], 30))
    return to.say.report.news_trouble.format(count=len(sure)) if sure else ""


def _overlaps(one: Outage, overview: Overview, period: Span) -> bool:
    return clip((one.unstable_since or one.since, one.until or overview.at), period) is not None
