"""The shape of what is said of drills, who got what, and why."""

from __future__ import annotations

from dataclasses import dataclass

Count = tuple[str, str]  # for one, for many


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofsPhrases:
    """Format strings with named placeholders, as in `Phrases`."""

    # a service that the config has no more
    unwatched: str
    unwatched_brief: str
    unwatched_line: str

    # what a delivery tells of, by its kind
    on_opened: str
    on_confirmed: str
    on_worsened: str
    on_eased: str
    on_official: str
    on_acknowledged: str
    on_reminded: str
    on_restored: str
    on_retracted: str
    on_lasting: str
    on_unwatched: str
    on_edit: str
    on_test: str
    on_other: str

    # how far a delivery has come, by the word that the store has for it
    is_pending: str
    is_sending: str
    is_sent: str
    is_refused: str
    is_superseded: str
    is_perhaps: str
    is_merged: str

    # who got what
    arrived: str
    arrived_brief: str
    arrived_none: str
    a_drill: str
    rung: str
    subscribed: str
    at: str
    took: str
    attempts: Count
    again: str
    instead_refused: str
    instead_late: str
    no_incident: str
    no_incident_yet: str
    no_drill: str

    # drills
    drilled: Count
    drilled_line: str
    unknown_audience: str
    no_audience: str

    # why a place did, or did not, hear of something
    why_told: str
    why_perhaps: str
    why_waits: str
    why_refused: str
    why_other: str
    not_a_reader: str
    not_followed: str
    not_heard: str
    not_sure: str
    while_muted: str
    lower_rung: str
    subscribed_later: str
    ask_admin: str

    # what happened lately
    history: Count
    history_of: Count
    history_none: str
    history_none_of: str
    history_total: str
