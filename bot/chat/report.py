"""The command by which people say how a service is for them. Pure."""

from __future__ import annotations

from bot import wording
from bot.chat.context import CommandContext, Response
from bot.model import Report, Service, Tally
from bot.wording.catalog import fold, input_words

LONGEST = 140  # characters of what they say
LONGEST_NAME = 20  # words of a service's name: a line of thousands is not tried at each of them


def report(room: CommandContext) -> Response:
    """`report x`, `report x login fails`, `report x works`. Without a service it is told how it is written."""
    service, number, rest = _named(room)
    if service is None:
        return room.unknown(" ".join(room.words)) if room.words else Response(wording.report_what(room.style))
    if room.is_other(number, room.state(service).incident):
        return room.other(service, number)
    if not room.ask.person:
        return Response(wording.no_person(room.style))
    works = bool(rest) and fold(rest[0]).strip(".,!") in input_words("works")
    known = room.overview.user_reports.get(service.id, Tally())
    if known.said_enough and known.mine is not works:
        return Response(wording.said_enough(room.style))
    what = wording.clean(" ".join(rest), LONGEST)
    said = Report(service.id, room.ask.at, room.ask.who, room.ask.where.kind, what, works)
    return Response(wording.reported(service, room.overview, room.style, works=works), (said,))


def _named(room: CommandContext) -> tuple[Service | None, int | None, tuple[str, ...]]:
    """The service that most of the first words name, with the number of its incident where they say it, and the words after
    it. Of a channel's health we know ourselves.
    """
    for end in range(min(len(room.words), LONGEST_NAME), 0, -1):
        service, number = room.numbered(" ".join(room.words[:end]))
        if service is not None and not service.channel:
            return service, number, room.words[end:]
    return None, None, ()
