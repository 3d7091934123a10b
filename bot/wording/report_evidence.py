"""User reports as a line of evidence."""

from __future__ import annotations

from bot.model import SourceReport, Tally
from bot.wording.catalog import Catalog
from bot.wording.text import sentences


def people(said: SourceReport | Tally, say: Catalog) -> str:
    """The number of reports and the usual number, and for how many it works. Empty without reports."""
    often = say.user_reports.usually.format(count=said.usual) if said.usual else say.user_reports.usually_none
    return sentences(
        say.user_reports.reports.format(count=said.reports, usually=often) if said.reports else "",
        say.user_reports.works.format(count=said.works) if said.works else "",
    )
