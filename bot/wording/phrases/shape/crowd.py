"""The shape of what is said of people's own reports."""

from __future__ import annotations

from dataclasses import dataclass

Count = tuple[str, str]  # for one, for many


@dataclass(frozen=True, slots=True, kw_only=True)
class CrowdPhrases:
    """Format strings with named placeholders, as in `Phrases`."""

    # a line of evidence
    heard: Count
    usually: str
    usually_none: str
    works: Count

    # answers
    noted: str
    noted_works: str
    before: str
    others: Count
    others_none: str
    others_works: Count
    now: str
    to_end: str
    of_what: str
    like_this: str

    # the page
    ask: str
    down: str
    up: str
    back: str
    too_many: str
