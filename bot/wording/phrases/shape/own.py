"""The shape of what is said of Tocsin's own health, and of what it tells late or without its database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPhrases:
    """Format strings with named placeholders, as in `Phrases`."""

    # to the admins
    unwell: str
    unwell_still: str
    well_again: str
    parts: Mapping[str, str]  # what is wrong, by part
    means: str
    whys: Mapping[str, str]  # the reasons, by the English they come in; what is not found stays English

    # on the page and in answers
    banner: str
    names: Mapping[str, str]  # the parts, as they stand in a list

    # lines of a notice
    may_repeat: str
    sent_late: str

    # afterwards, as of blindness
    unseen_by_machine: str
