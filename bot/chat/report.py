"""The command `report`: people say whether a service works for them. Pure."""

from __future__ import annotations

from bot import wording
from bot.chat.context import CommandContext, Response
from bot.model import Report, Tally
from bot.wording.catalog import fold, input_words

LONGEST = 140  # characters of what they say


def report(context: CommandContext) -> Response:
    """Take `report x`, `report x login fails` or `report x works`. Without a service, show how it is written."""
    service, number, rest = context.split(context.words)
    if service is None or service.channel:  # the health of channels is known
        example = next((one.id for one, _ in context.overview.services), "x")
        asked = wording.report_what(context.style, example)
        return context.unknown_service(context.phrase) if context.words else Response(asked)
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
