"""Trackers and people's reports as lines of evidence."""

from __future__ import annotations

from bot.model import Health, Role, SourceReport, Tally
from bot.wording.catalog import Catalog
from bot.wording.text import foreign, sentences
from bot.wording.times import Reader

REPORTED = frozenset({"Downdetector"})  # count user reports, so they show trouble rather than "down"


def tracked(word: SourceReport, reader: Reader) -> str:
    """The number of reports, or else the tracker's verdict; empty if it could not be read."""
    say, source = reader.say, foreign(word.source, 40) or "?"
    if word.role is Role.CROWD:
        return people(word, say)
    if word.says is None or word.says is Health.UNKNOWN:
        return ""
    if word.reports is not None and word.usual is not None:
        return say.trackers.reports.format(
            count=reader.number(word.reports), usual=reader.number(word.usual), source=source
        )
    if word.reports is not None:
        return say.trackers.reports_brief.format(count=reader.number(word.reports), source=source)
    if headline := foreign(word.headline):
        return say.evidence.says.format(source=source, headline=headline)
    if word.says is Health.UP:
        return say.trackers.up.format(source=source)
    if source in REPORTED:
        form = say.trackers.problems if word.says is Health.DOWN else say.trackers.possible_problems
    else:
        form = say.trackers.down if word.says is Health.DOWN else say.trackers.trouble
    return form.format(source=source)


def people(said: SourceReport | Tally, say: Catalog) -> str:
    """The number of reports and the usual number, and for how many it works. Empty without reports."""
    often = say.user_reports.usually.format(count=said.usual) if said.usual else say.user_reports.usually_none
    return sentences(
        say.user_reports.reports.format(count=said.reports, usually=often) if said.reports else "",
        say.user_reports.works.format(count=said.works) if said.works else "",
    )
