"""The command by which people say how a service is for them. Pure."""

from __future__ import annotations

from bot.model import Report, Service
from bot.talk.room import Room, Said
from bot.tell import wording

WORKS = frozenset({"works", "up", "ok", "funciona"})
LONGEST = 140  # characters of what they say


def report(room: Room) -> Said:
    """`report x`, `report x login fails`, `report x works`. Without a service it is told how it is written."""
    service, rest = _named(room)
    if service is None:
        return room.unknown(" ".join(room.words)) if room.words else Said(wording.report_what(room.style))
    works = bool(rest) and rest[0].casefold().strip(".,!") in WORKS
    what = wording.clean(" ".join(rest), LONGEST)
    said = Report(service.id, room.ask.at, room.ask.who, room.ask.where.kind, what, works)
    return Said(wording.reported(service, room.overview, room.style, works=works), (said,))


def _named(room: Room) -> tuple[Service | None, tuple[str, ...]]:
    """The service that most of the first words name, and the words after it. Of a channel's health we know ourselves."""
    for end in range(len(room.words), 0, -1):
        service = room.find(" ".join(room.words[:end]))
        if service is not None and not service.channel:
            return service, room.words[end:]
    return None, ()
