"""The shape of what is said of channels that have failed, and places that refuse."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class DyingPhrases:
    """Format strings with named placeholders, as in `Phrases`."""

    name: str  # of a channel's own health, as a service
    name_email: str  # likewise; short, for it stands in titles

    # lines of evidence
    api: str
    messages: str
    next_way: str
    to_do: str

    # on the way
    sent_here: str

    # to its admins: a place that takes nothing
    refused: str
    refused_code: str
    refused_why: str
    misses: str

    # to its admins: a place that did not take one message
    not_taken: str
    not_taken_code: str
    not_taken_was: str
    misses_it: str

    # answers and the page
    all_work: str
    counts_down: str
    heading: str
    page_all_work: str
