"""Who gets a digest: replies to commands, the mail that asks, and the pages behind its links."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model import Destination, Digest, Notice, Style, Text, Tone, Undeliverable
from bot.wording.catalog import Catalog, catalog
from bot.wording.commands import typed
from bot.wording.reasons import reason
from bot.wording.text import clean, listed, stop, titled
from bot.wording.times import Reader, reader

NAMED = 12  # recipients in a line
WHY = 200  # characters of a reason


@dataclass(frozen=True, slots=True)
class DigestView:
    """A digest as it is seen from a place. `sent_here`: to the place that asks; `coming`: the next one there, if it is
    known; `places` and `asked`: who gets it, and who has not confirmed yet.
    """

    digest: Digest
    sent_here: bool
    coming: datetime | None
    places: tuple[Destination, ...]
    asked: tuple[Destination, ...]
    undeliverable: tuple[Undeliverable, ...]


@dataclass(frozen=True, slots=True)
class DigestLook:
    """Who looks: `names` are the services' by id; `named`: addresses may be shown; `counted`: their number may."""

    names: Mapping[str, str]
    counted: bool = False
    named: bool = False


def digests(views: Sequence[DigestView], look: DigestLook, style: Style, now: datetime) -> Text:
    """What digests there are, when, and who gets them."""
    to = reader(style, now)
    if not views:
        return titled(to.say.digest_lists.none)
    lines = (stop(line) for view in views for line in _lines(view, look, style, to))
    return Text(to.say.digest_lists.list_title, tuple(lines))


def _lines(view: DigestView, look: DigestLook, style: Style, to: Reader) -> Iterator[str]:
    say, name = to.say.digest_lists, _named(view.digest.name)
    services = [clean(look.names.get(one, one), 60) for one in view.digest.services]
    about = listed(services, to.say, NAMED) if services else to.say.subscriptions.all_services
    yield say.row.format(name=name, when=clean(view.digest.when, 100), services=about)
    if not view.sent_here:
        yield say.not_here.format(name=name, command=typed(f"subscribe digest {name}", style))
    elif view.coming is None:
        yield say.here_soon.format(name=name)
    else:
        yield say.here.format(name=name, at=to.point(view.coming))
    if look.named:
        yield from _recipients(view, name, to)
    elif look.counted:
        yield from _counts(view, name, to)


def _recipients(view: DigestView, name: str, to: Reader) -> Iterator[str]:
    say = to.say.digest_lists
    if view.places:
        yield say.recipients_named.format(name=name, places=_places(view.places, to.say))
    if view.asked:
        yield say.asked_named.format(places=_places(view.asked, to.say))
    for one in view.undeliverable[:NAMED]:
        why = reason(one.why, to.say, WHY)
        yield say.refusing.format(place=clean(one.destination.shown, 100), at=to.point(one.at, dated=True), why=why)


def _counts(view: DigestView, name: str, to: Reader) -> Iterator[str]:
    say = to.say.digest_lists
    yield say.recipients.format(name=name, count=len(view.places))
    if view.asked:
        yield say.asked_count.format(count=len(view.asked))
    if view.undeliverable:
        yield say.refusing_count.format(count=len(view.undeliverable))


def _places(places: Sequence[Destination], say: Catalog) -> str:
    return listed([clean(place.shown, 100) for place in places], say, NAMED)


def _named(name: str) -> str:
    return clean(name, 60)


# ── answers ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def unknown_digest(said: str, names: Sequence[str], style: Style) -> Text:
    """No digest is called so; without a name, there are several."""
    say = catalog(style.language)
    if not names:
        return titled(say.digest_lists.none)
    form = say.digest_lists.unknown.format(name=clean(said, 60)) if said else say.digest_lists.which
    there_are = say.digest_lists.there_are.format(names=listed([_named(name) for name in names], say, NAMED))
    return titled(form, [stop(there_are)])


def digests_here(names: Sequence[str], style: Style) -> tuple[str, ...]:
    say = catalog(style.language)
    listed_names = listed([_named(name) for name in names], say, NAMED)
    return (stop(say.digest_lists.digests_here.format(names=listed_names)),) if names else ()


def digest_subscribed(name: str, style: Style, *, already: bool = False) -> Text:
    say = catalog(style.language).digest_lists
    return titled((say.subscribed_already if already else say.subscribed).format(name=_named(name)))


def digest_unsubscribed(gone: Sequence[str], by_config: Sequence[str], style: Style) -> Text:
    """`by_config`: digests that go on, as the config sends them here."""
    say = catalog(style.language)
    lines = [say.digest_lists.unsubscribed.format(name=listed([_named(n) for n in gone], say))] if gone else []
    lines += [say.digest_lists.by_config.format(name=_named(name)) for name in by_config]
    lines = lines or [say.digest_lists.not_subscribed]
    return titled(lines[0], [stop(line) for line in lines[1:]])


def digest_asked(address: str, name: str, length: timedelta, style: Style, now: datetime) -> Text:
    to = reader(style, now)
    say = to.say.digest_lists
    line = say.asked_line.format(length=to.duration(length))
    return titled(say.asked.format(address=clean(address, 100), name=_named(name)), [stop(line)])


def asked_already(address: str, length: timedelta, style: Style, now: datetime) -> Text:
    to = reader(style, now)
    return titled(to.say.digest_lists.asked_already.format(address=clean(address, 100), length=to.duration(length)))


def no_digest_address(address: str, style: Style) -> Text:
    return titled(catalog(style.language).digest_lists.no_address.format(address=clean(address, 100)))


def cannot_ask(style: Style, *, mail: bool) -> Text:
    """What has to be set up first: mail, or else the page."""
    say = catalog(style.language).digest_lists
    return titled(say.no_page if mail else say.no_mail)


def digest_recipient(address: str, name: str, style: Style, *, again: bool = False) -> Text:
    """The address gets it already, or again."""
    say = catalog(style.language).digest_lists
    return titled((say.tried_again if again else say.gets_it).format(address=clean(address, 100), name=_named(name)))


def digest_removed(address: str, name: str, style: Style, *, there: bool, by_config: bool) -> Text:
    say = catalog(style.language).digest_lists
    form = say.listed_in_config if by_config else say.removed if there else say.not_a_recipient
    return titled(form.format(address=clean(address, 100), name=_named(name)))


# ── the mail that asks, and the pages ────────────────────────────────────────────────────────────────────────────────


def digest_request(digest: Digest, title: str, style: Style, now: datetime, *, link: str, until: datetime) -> Notice:
    """The mail that asks an address to confirm."""
    to = reader(style, now)
    say, facts = to.say.digest_lists, {"name": _named(digest.name), "title": clean(title, 60)}
    lines = (
        stop(say.ask_why.format(when=clean(digest.when, 100), **facts)),
        say.ask_how.format(link=link),  # without a stop, which would become part of the link
        stop(say.ask_until.format(at=to.point(until, dated=True))),
        stop(say.ask_else),
    )
    return Notice("", "", Tone.INFO, titled(say.ask_title.format(**facts), lines), at=now, style=style)


@dataclass(frozen=True, slots=True)
class LinkPage:
    """What a page behind a link says. `button` does what `does` names; empty: there is none."""

    words: Text
    button: str = ""
    does: str = ""


def confirm_page(name: str, style: Style) -> LinkPage:
    say = catalog(style.language).digest_lists
    return LinkPage(Text(say.confirm_title.format(name=_named(name))), say.confirm_button, "confirm")


def confirmed_page(name: str, style: Style) -> LinkPage:
    say = catalog(style.language).digest_lists
    return LinkPage(titled(say.confirmed.format(name=_named(name)), [stop(say.confirmed_line)]))


def leave_page(name: str, style: Style) -> LinkPage:
    say = catalog(style.language).digest_lists
    return LinkPage(Text(say.leave_title.format(name=_named(name))), say.leave_button, "leave")


def left_page(name: str, style: Style) -> LinkPage:
    say = catalog(style.language).digest_lists
    return LinkPage(titled(say.left.format(name=_named(name)), [stop(say.left_line)]), say.back_button, "back")


def back_page(name: str, style: Style) -> LinkPage:
    say = catalog(style.language).digest_lists
    return LinkPage(titled(say.back.format(name=_named(name))), say.leave_button, "leave")


def no_link_page(style: Style) -> LinkPage:
    """The same for every link that does not work, whatever the cause."""
    say = catalog(style.language).digest_lists
    return LinkPage(titled(say.no_link, [stop(say.no_link_line)]))
