"""The shape of what is said of certificates that end soon."""

from __future__ import annotations

from dataclasses import dataclass

Count = tuple[str, str]  # for one, for many


@dataclass(frozen=True, slots=True, kw_only=True)
class WornPhrases:
    """Format strings with named placeholders, as in `Phrases`; {ends} is one of the first three."""

    ends: Count
    ends_soon: str
    ended: str

    title: str
    title_brief: str
    over: str
    route: str  # a line of evidence
    was: str  # in one line, when it is over
    happened: str  # in a digest
