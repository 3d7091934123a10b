"""The shape of what is said of rooms, of changes to a place and of what is not done."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomsPhrases:
    """Format strings with named placeholders, as in `Phrases`."""

    # of rooms
    stranger: str
    stranger_how: str
    stranger_here: str
    allowed: str
    allowed_already: str
    disallowed: str
    never_allowed: str
    named_in_config: str
    no_room: str
    rooms_like: str
    rooms: str
    rooms_none: str
    rooms_row: str
    rooms_named: str
    rooms_public: str

    # what a place is told of changes to it
    changed: str
    let_in: str
    let_in_now: str
    shut_out: str

    # of the audit
    audit: str
    audit_none: str
    audit_row: str

    # of what is not done
    slow_down: str
    slow_down_now: str
    too_old: str
    send_again: str
    taken_before: str
    taken_again: str
    no_records: str
    no_records_now: str
    other_incident: str
    other_message: str
    what_is_now: str

    # of people's reports
    said_enough: str
    no_person: str
