"""What people themselves say of a service, as a line of evidence."""

from __future__ import annotations

from bot.model import SourceReport, Tally
from bot.wording.phrases import Phrases
from bot.wording.text import counted, sentences


def people(said: SourceReport | Tally, say: Phrases) -> str:
    """How many reported it, and how many do so usually; and for how many it works. Empty where nobody said anything."""
    often = say.crowd.usually.format(count=said.usual) if said.usual else say.crowd.usually_none
    return sentences(
        counted(say.crowd.heard, said.reports, usually=often) if said.reports else "",
        counted(say.crowd.works, said.works) if said.works else "",
    )
