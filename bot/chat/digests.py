"""The commands `digests` and `digest`, and the digests of `subscribe` and `unsubscribe`. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from bot import wording
from bot.chat.context import (
    AskForDigest,
    CommandContext,
    RemoveFromDigest,
    Response,
    RetryAddress,
    SubscribeDigest,
    UnsubscribeDigests,
)
from bot.model import Destination, Digest, DigestReaderState, Reply
from bot.model.links import CONFIRM_FOR
from bot.notify.digest import Period, deliveries
from bot.wording import digest_lists
from bot.wording.catalog import fold, input_words

# Stricter than mail itself: no quotes, no comments.
ADDRESS = re.compile(r"(?:email:|mailto:)?([^\s@<>()\[\],;:\"\\]{1,64})@([\w-]+(?:\.[\w-]+)+)", re.IGNORECASE)
LONGEST = 254  # characters of an address
ASK_AGAIN = timedelta(hours=1)  # nobody can be flooded with mails that ask


def digests(context: CommandContext) -> Response:
    """What digests there are, when, and who gets them. Addresses are shown to admins alone, and in private."""
    named = context.admin and context.ask.reply is Reply.PRIVATE
    names = {service.id: service.name for service, _ in context.known}
    look = digest_lists.DigestLook(names, counted=context.admin, named=named)
    coming = context.digest_times
    views = [_view(digest, context, coming.get(digest.name)) for digest in context.digests.known]
    return Response(digest_lists.digests(views, look, context.style, context.ask.at))


def _view(digest: Digest, context: CommandContext, coming: datetime | None) -> digest_lists.DigestView:
    readers = context.digests.of(digest.name)
    confirmed = (one.destination for one in readers if one.state is DigestReaderState.CONFIRMED)
    places = tuple(dict.fromkeys((*digest.to, *confirmed)))
    asked = tuple(one.destination for one in readers if one.state is DigestReaderState.ASKED)
    dead = tuple(one for one in context.digests.undeliverable if one.destination in places)
    return digest_lists.DigestView(digest, context.ask.where in places, coming, places, asked, dead)


def digest(context: CommandContext) -> Response | None:
    """A digest, now and here; or, of admins, "add" or "remove", a digest and an address."""
    found = context.digests.find(context.phrase) or (None if context.words else context.digests.only)
    if found is None and len(context.words) > 1:
        verb = fold(context.words[0])
        act = _add if verb in input_words("add") else _remove if verb in input_words("remove") else None
        if act:
            return act(context) if context.admin else Response(wording.not_allowed(context.style))
    if found is None or context.digest_now is None:
        return _unknown(context.phrase, context)
    since, overview = context.digest_now
    period, here = Period(since, overview.at), [context.ask.where]
    rows = deliveries(found.name, overview, period, here, context.style, services=found.services, order=found.order)
    return Response(rows[0].notice.words)


def subscribe(context: CommandContext) -> Response | None:
    """ "subscribe digest weekly"; None for a line about something else."""
    if not _about_digests(context):
        return None
    name = " ".join(context.words[1:])
    found = context.digests.find(name) or (None if name else context.digests.only)
    if found is None:
        return _unknown(name, context)
    place, ask = context.ask.where, context.ask
    if _gets(found, place, context):
        return Response(digest_lists.digest_subscribed(found.name, context.style, already=True))
    reply = digest_lists.digest_subscribed(found.name, context.style)
    return Response(reply, (SubscribeDigest(found.name, place, ask.who, ask.at),))


def unsubscribe(context: CommandContext) -> Response | None:
    """ "unsubscribe digest weekly", or all of the place's; None for a line about something else."""
    if not _about_digests(context):
        return None
    name, place = " ".join(context.words[1:]), context.ask.where
    named = context.digests.find(name)
    if name and named is None:
        return _unknown(name, context)
    of = (named,) if named else context.digests.known
    gone = tuple(one.name for one in of if place not in one.to and _gets(one, place, context))
    by_config = [one.name for one in of if place in one.to]
    orders = (UnsubscribeDigests(gone, place),) if gone else ()
    return Response(digest_lists.digest_unsubscribed(gone, by_config, context.style), orders)


def lines(context: CommandContext) -> tuple[str, ...]:
    """A line that names the digests that come to the place; none if there is none."""
    names = [one.name for one in context.digests.known if _gets(one, context.ask.where, context)]
    return digest_lists.digests_here(names, context.style)


def _about_digests(context: CommandContext) -> bool:
    """True if the first word is "digest", and all the words are not a service's name."""
    return bool(context.words) and fold(context.words[0]) in input_words("digest") and context.service is None


def _gets(digest: Digest, place: Destination, context: CommandContext) -> bool:
    readers = context.digests.of(digest.name)
    return place in digest.to or any(
        one.destination == place and one.state is DigestReaderState.CONFIRMED for one in readers
    )


def _unknown(name: str, context: CommandContext) -> Response:
    return Response(digest_lists.unknown_digest(name, [one.name for one in context.digests.known], context.style))


# ── addresses ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _named(context: CommandContext) -> tuple[Digest | None, str]:
    """The digest and the address of "add comms ana@example.org"."""
    *names, address = context.words[1:]
    return context.digests.find(" ".join(names)) or (None if names else context.digests.only), address


def _address(text: str) -> Destination | None:
    found = ADDRESS.fullmatch(text.strip("<>")) if len(text) <= LONGEST else None
    return Destination("email", f"{found[1]}@{found[2].lower()}") if found else None


def _add(context: CommandContext) -> Response:
    """Ask an address to confirm. Nothing else is sent to it before that."""
    (found, said), style, known = _named(context), context.style, context.digests
    place = _address(said)
    if found is None:
        return _unknown(" ".join(context.words[1:-1]), context)
    if place is None:
        return Response(digest_lists.no_digest_address(said, style))
    if _gets(found, place, context):
        dead = any(one.destination == place for one in known.undeliverable)
        orders = (RetryAddress(place),) if dead else ()
        return Response(digest_lists.digest_recipient(place.place, found.name, style, again=dead), orders)
    if not (known.mail and known.page):
        return Response(digest_lists.cannot_ask(style, mail=known.mail))
    asked = [
        one.at for one in known.readers if one.destination == place and one.state is not DigestReaderState.CONFIRMED
    ]
    if asked and context.ask.at - max(asked) < ASK_AGAIN:
        return Response(digest_lists.asked_already(place.place, ASK_AGAIN, style, context.ask.at))
    reply = digest_lists.digest_asked(place.place, found.name, CONFIRM_FOR, style, context.ask.at)
    return Response(reply, (AskForDigest(found, place, context.ask.who, context.ask.at),))


def _remove(context: CommandContext) -> Response:
    """Take an address off, whether it has confirmed or not."""
    found, said = _named(context)
    place = _address(said)
    if found is None:
        return _unknown(" ".join(context.words[1:-1]), context)
    if place is None:
        return Response(digest_lists.no_digest_address(said, context.style))
    there = any(one.destination == place for one in context.digests.of(found.name))
    by_config = place in found.to
    reply = digest_lists.digest_removed(place.place, found.name, context.style, there=there, by_config=by_config)
    return Response(reply, (RemoveFromDigest(found.name, place),) if there else ())
