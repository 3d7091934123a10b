"""The command `report`: people say whether a service works for them. Pure."""

from __future__ import annotations

from bot import wording
from bot.chat.context import CommandContext, Response
from bot.model import Report, Service, Tally
from bot.wording.catalog import fold, input_words

LONGEST = 140  # characters of what they say
LONGEST_NAME = 20  # words of a service's name: a line of thousands is not tried at each of them


def report(context: CommandContext) -> Response:
    """Take `report x`, `report x login fails` or `report x works`. Without a service, show how it is written."""
    service, number, rest = _named(context)
    if service is None:
        return (
            context.unknown_service(context.phrase) if context.words else Response(wording.report_what(context.style))
        )
    if context.means_another(number, context.state(service).incident):
        return context.another_incident(service, number)
    if not context.ask.person:
        return Response(wording.no_person(context.style))
    works = bool(rest) and fold(rest[0]).strip(".,!") in input_words("works")
    known = context.overview.user_reports.get(service.id, Tally())
    if known.said_enough and known.mine is not works:
        return Response(wording.said_enough(context.style))
    what = wording.clean(" ".join(rest), LONGEST)
    said = Report(service.id, context.ask.at, context.ask.who, context.ask.where.kind, what, works)
    return Response(wording.reported(service, context.overview, context.style, works=works), (said,))


def _named(context: CommandContext) -> tuple[Service | None, int | None, tuple[str, ...]]:
    """The service that the first words name, as many of them as possible; the number of its incident, or None; the words
    after it. Channels are left out: their health is known.
    """
    for end in range(min(len(context.words), LONGEST_NAME), 0, -1):
        service, number = context.find_incident(" ".join(context.words[:end]))
        if service is not None and not service.channel:
            return service, number, context.words[end:]
    return None, None, ()
