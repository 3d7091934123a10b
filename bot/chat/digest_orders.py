"""Carries out orders about digests."""

from __future__ import annotations

from bot.chat.context import (
    AskForDigest,
    DigestOrder,
    KnownDigests,
    RemoveFromDigest,
    RetryAddress,
    SubscribeDigest,
    UnsubscribeDigests,
)
from bot.incidents.recorder import Recorder
from bot.model import Destination, room_of


def known_digests(recorder: Recorder) -> KnownDigests:
    """What commands may know of digests, without the database."""
    settings, readers = recorder.settings, recorder.places.digests
    mail = settings.opened is None or "email" in settings.opened
    dead = tuple(readers.undeliverable.values())
    return KnownDigests(tuple(settings.digests.values()), readers.all, dead, mail, settings.page is not None)


async def carry_out(order: DigestOrder, recorder: Recorder) -> None:
    readers, settings = recorder.places.digests, recorder.settings
    match order:
        case SubscribeDigest(name, place, by, at):
            await readers.subscribe(name, place, by, at)
        case UnsubscribeDigests(names, place):
            for name in names:
                await readers.remove(name, place)
        case AskForDigest(digest, place, by, at) if settings.page:
            style = digest.style(place, recorder.places.of(place), settings.style)
            await readers.ask(digest, place, by, at, page=settings.page, style=style)
            recorder.wake({place})
        case RemoveFromDigest(name, place):
            await readers.remove(name, place)
        case RetryAddress(place):
            await readers.retry(place)


async def shut_out(room: Destination, recorder: Recorder) -> None:
    """End the digests of a room."""
    for one in [one for one in recorder.places.digests.all if room_of(one.destination) == room]:
        await recorder.places.digests.remove(one.digest, one.destination)
