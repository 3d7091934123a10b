"""Replies to commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from bot.model import (
    Confidence,
    Incident,
    Mute,
    Notice,
    Service,
    Style,
    Subscription,
    SubscriptionFilter,
    Text,
    Tone,
    Topic,
)
from bot.wording.catalog import catalog
from bot.wording.text import NAME, capital, choice, clean, fit, foreign, listed, quoted, shorten, stop
from bot.wording.times import Reader, reader
from bot.wording.titles import name_of

LONG = 12  # names in a list of its own


def subscribed(wish: SubscriptionFilter, names: Sequence[str], style: Style) -> Text:
    """`names`: services of the subscription; empty for all."""
    say = catalog(style.language)
    title = (
        say.subscriptions.subscribed.format(names=_names(names, style)) if names else say.subscriptions.subscribed_all
    )
    lines = []
    if wish.topics != frozenset(Topic):
        lines.append(
            say.subscriptions.topics.format(hears=listed([say.topics[h] for h in Topic if h in wish.topics], say, LONG))
        )
    if wish.confidence is Confidence.POSSIBLE:
        lines.append(say.subscriptions.also_possible)
    if wish.confidence is Confidence.LIKELY:
        lines.append(say.subscriptions.also_likely)
    return _short(title, map(stop, lines))


def unsubscribed(names: Sequence[str], style: Style) -> Text:
    """`names`: services that were unsubscribed; empty for all."""
    say = catalog(style.language)
    return _short(
        say.subscriptions.unsubscribed.format(names=_names(names, style))
        if names
        else say.subscriptions.unsubscribed_all
    )


def not_subscribed(style: Style) -> Text:
    return _short(catalog(style.language).subscriptions.not_subscribed)


def subscriptions(held: Sequence[Subscription], names: Mapping[str, str], style: Style) -> Text:
    """`names`: service names by id."""
    say = catalog(style.language)
    if not held:
        return Text(stop(say.subscriptions.none))
    rows = [
        say.subscriptions.row.format(
            destination=clean(str(s.destination), 100),
            names=_names([names.get(i, i) for i in s.filter.services], style) or say.subscriptions.all_services,
        )
        for s in held
    ]
    return Text(say.subscriptions.list_title, tuple(rows))


def guide(commands: Iterable[tuple[str, str]], style: Style) -> Text:
    """The reply to "help". `commands`: usage ("status [service]") and one-line help of each."""
    say = catalog(style.language)
    return Text(say.replies.help_title, tuple(say.replies.help_row.format(command=c, help=h) for c, h in commands))


def command_help(name: str, style: Style) -> str:
    """One-line help of a command; empty for an unknown one."""
    return catalog(style.language).commands.get(name, "")


def unknown_command(said: str, near: Sequence[str], style: Style) -> Text:
    """`near`: similar commands, likeliest first."""
    say = catalog(style.language)
    title = stop(say.replies.unknown_command.format(said=quoted(foreign(said, 30), say)))
    return Text(title, (*meant(near, style), stop(say.replies.see_help)))


def unknown_service(said: str, near: Sequence[str], style: Style) -> Text:
    """`near`: names of similar services, likeliest first."""
    say = catalog(style.language)
    return Text(stop(say.replies.unknown_service.format(said=quoted(foreign(said, 30), say))), meant(near, style))


def not_allowed(style: Style) -> Text:
    return _short(catalog(style.language).replies.not_allowed)


def acked(service: Service, by: str, style: Style, now: datetime) -> Text:
    say, clock = catalog(style.language), reader(style, now).clock(now)
    by = foreign(by, 24) or say.changes.somebody
    return Text(fit(name_of(service), say.replies.acknowledged.format(name=NAME, by=by, clock=clock)))


def muted(service: Service, mute: Mute, style: Style, now: datetime) -> Text:
    to = reader(style, now)
    title = fit(name_of(service), to.say.replies.muted.format(name=NAME, until=to.point(mute.until)))
    why = capital(foreign(mute.reason))
    return Text(title, (stop(to.say.replies.muted_line), *([stop(why)] if why else [])))


def unmuted(service: Service, style: Style) -> Text:
    return Text(fit(name_of(service), catalog(style.language).replies.unmuted.format(name=NAME)))


def nothing_open(service: Service | None, style: Style) -> Text:
    """There is no incident to acknowledge, of this service or of any."""
    say = catalog(style.language)
    if service is None:
        return _short(say.replies.no_open_incident_at_all)
    return Text(fit(name_of(service), say.replies.no_open_incident.format(name=NAME)))


def test_notice(name: str, style: Style, now: datetime) -> Notice:
    """A test notice for an audience or destination, in a new thread each second."""
    to = reader(style, now)
    name = clean(name, 60) or "?"
    thread = f"test:{name}#{now:%Y%m%dT%H%M%S}"
    words = Text(fit(name, to.say.changes.test.format(name=NAME, clock=to.clock(now))), (stop(to.say.resolution.test),))
    return Notice(key=f"{thread}/1", thread=thread, tone=Tone.TEST, words=words, at=now)


def muted_line(mute: Mute | None, to: Reader) -> str:
    """The mute, or an empty string if there is none now."""
    if mute is None or mute.until <= to.now:
        return ""
    return stop(
        to.say.status.muted.format(by=foreign(mute.by, 40) or to.say.changes.somebody, until=to.point(mute.until))
    )


def last_outage(incident: Incident | None, name: str, to: Reader) -> str:
    """`name` empty: the service is clear from the context."""
    if incident is None or incident.until is None:
        return ""
    start = incident.unstable_since or incident.since
    facts = {"span": to.span(start, incident.until), "length": to.length(start, incident.until)}
    return stop(
        to.say.status.last_outage_of.format(name=name, **facts) if name else to.say.status.last_outage.format(**facts)
    )


def _names(names: Sequence[str], style: Style) -> str:
    return listed([foreign(n, 60) for n in names], catalog(style.language), LONG)


def meant(near: Sequence[str], style: Style) -> tuple[str, ...]:
    if not near:
        return ()
    say = catalog(style.language)
    return (say.replies.did_you_mean.format(names=choice([clean(n, 60) for n in near[:3]], say)),)


def _short(title: str, lines: Iterable[str] = ()) -> Text:
    """A text whose title, if cut for a lock screen, is repeated in full below."""
    cut = shorten(stop(title), 80)
    return Text(cut, (*([stop(title)] if cut != stop(title) else []), *lines))
