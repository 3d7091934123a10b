"""The shape of what is said of a look that somebody asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LooksPhrases:
    """Format strings with named placeholders, as in `Phrases`."""

    # at an address that a stranger named
    answers: str
    answers_badly: str
    answers_error: str
    silent: str
    asks_human: str
    cannot: str
    see_nothing: str
    inner: str
    inner_line: str
    unfit: str
    unfit_line: str

    # at a service of the config
    well: str
    well_bare: str
    down: str
    partly: str
    slow: str
    unseen: str

    # when nothing is looked at
    what: str
    too_often: str
    too_much: str
