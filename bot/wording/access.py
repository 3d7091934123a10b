"""Replies about rooms and the audit, notices about a place's settings, and refusals of commands."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from bot.model import AllowedRoom, AuditEntry, Destination, Notice, Service, Style, Text, Tone
from bot.wording.catalog import catalog
from bot.wording.commands import typed
from bot.wording.text import NAME, TITLE, clean, fit, foreign, listed, shorten, stop, titled
from bot.wording.times import reader
from bot.wording.titles import name_of

MANY = 20  # places listed by name; the rest is counted


def stranger(command: str, style: Style, *, here: bool) -> Text:
    """Reply in a place that is not allowed. `command`: the command that allows it; `here`: an admin may give it in the
    place.
    """
    say = catalog(style.language).access
    lines = (
        stop(say.how_to_allow.format(command=typed(command, style))),
        stop(say.how_to_allow_here.format(command=typed("allow", style))) if here else "",
    )
    return titled(say.not_allowed, lines)


def allowed(place: Destination, style: Style, *, already: bool = False) -> Text:
    say = catalog(style.language).access
    return titled((say.allowed_already if already else say.allowed).format(place=_place(place)))


def disallowed(place: Destination, style: Style) -> Text:
    return titled(catalog(style.language).access.disallowed.format(place=_place(place)))


def not_disallowed(place: Destination, style: Style, *, named: bool) -> Text:
    """`named`: the config allows the place, so only the config can change that."""
    say = catalog(style.language).access
    return titled((say.named_in_config if named else say.never_allowed).format(place=_place(place)))


def no_room(command: str, style: Style) -> Text:
    say = catalog(style.language).access
    elsewhere = typed(f"{command} telegram:-100123", style)
    how = say.how_to_name.format(command=typed(command, style), elsewhere=elsewhere)
    return titled(say.which_place, (stop(how),))


def rooms(
    known: Sequence[AllowedRoom], named: Iterable[Destination], style: Style, now: datetime, *, public: bool
) -> Text:
    """Reply that lists the rooms allowed by an admin and by the config, or says that all are."""
    to = reader(style, now)
    say = to.say.access
    rows = [
        say.row.format(place=_place(room.place), name=foreign(room.name, 40), at=to.point(room.at)) for room in known
    ]
    own = listed([_place(place) for place in sorted(named)], to.say, MANY)
    more = (say.public if public else "", say.in_config.format(places=own) if own else "")
    lines = (*rows, *(stop(line) for line in more if line))
    return Text(say.list_title if rows else stop(say.none), lines)


def audit(entries: Sequence[AuditEntry], style: Style, now: datetime) -> Text:
    to = reader(style, now)
    say = to.say.access
    rows = [
        say.audit_row.format(
            at=to.point(one.at), name=foreign(one.name, 40), place=_place(one.place), what=foreign(one.what, 100)
        )
        for one in entries
    ]
    return Text(say.audit_title if rows else stop(say.audit_none), tuple(rows))


def changed(by: str, answer: Text, style: Style) -> Text:
    """Notice to a place: who changed its settings, and the new settings."""
    say = catalog(style.language)
    title = say.access.preferences_changed.format(name=_by(by, say.access.preferences_changed))
    return Text(shorten(title, TITLE), (answer.title, *answer.lines))


def let_in(by: str, style: Style) -> Text:
    say = catalog(style.language).access
    return Text(
        shorten(say.place_allowed.format(name=_by(by, say.place_allowed)), TITLE),
        (stop(say.place_allowed_line.format(command=typed("help", style))),),
    )


def shut_out(by: str, style: Style) -> Text:
    say = catalog(style.language).access
    return Text(shorten(say.place_disallowed.format(name=_by(by, say.place_disallowed)), TITLE))


def of_a_place(words: Text, key: str, style: Style, now: datetime) -> Notice:
    """A notice to a place about its own settings, in a thread of its own."""
    thread = f"place:{key}"
    return Notice(key=f"{thread}/1", thread=thread, tone=Tone.INFO, words=words, at=now, style=style)


def slow_down(most: int, style: Style) -> Text:
    say = catalog(style.language).replies
    return titled(say.rate_limited.format(count=most), (stop(say.rate_limited_line),))


def too_old(said_at: datetime, style: Style, now: datetime) -> Text:
    to = reader(style, now)
    say = to.say.replies
    return titled(say.too_old.format(length=to.length(said_at, now)), (stop(say.too_old_line),))


def taken_before(style: Style) -> Text:
    say = catalog(style.language).replies
    return titled(say.repeated, (stop(say.repeated_line),))


def no_records(style: Style) -> Text:
    say = catalog(style.language).replies
    return titled(say.no_database, (stop(say.no_database_line),))


def other_incident(incident: str, service: Service, style: Style) -> Text:
    """The named incident, or that of the pressed button, is over. `incident` empty: its number is unknown."""
    say = catalog(style.language).replies
    title = (
        say.incident_over.format(incident=clean(incident, 40)) if incident else say.message_outdated.format(name=NAME)
    )
    return Text(
        fit(name_of(service), title), (stop(say.see_status.format(command=typed(f"status {service.id}", style))),)
    )


def said_enough(style: Style) -> Text:
    return titled(catalog(style.language).user_reports.twice_already)


def no_person(style: Style) -> Text:
    return titled(catalog(style.language).user_reports.no_person)


def _place(place: Destination) -> str:
    return foreign(place.shown, 60)


def _by(name: str, form: str) -> str:
    """The name, cut so that the sentence around it fits."""
    return foreign(name, max(TITLE - len(form), 10))
