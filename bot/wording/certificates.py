"""Wording of expiring certificates, while everything works."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.model import Incident, Outcome, Reading
from bot.wording.text import NAME, clean, listed, opening
from bot.wording.times import Reader

DAY = timedelta(days=1)


def only_worn(incident: Incident) -> bool:
    return bool(incident.readings) and all(r.outcome is Outcome.EXPIRING for r in incident.readings)


def worn_forms(incident: Incident, to: Reader) -> list[str]:
    """Titles for the certificate that expires first, the fullest first."""
    until = min((r.until for r in incident.readings if r.until), default=incident.since)
    facts = {"name": NAME, "ends": _ends(until, to), "date": to.date(until)}
    return [form.format(**facts) for form in (to.say.certificates.title, to.say.certificates.title_brief)]


def worn_lines(readings: tuple[Reading, ...], to: Reader) -> list[str]:
    """One sentence per expiry date."""
    ends: dict[tuple[str, str], list[str]] = {}
    for reading in readings:
        if reading.outcome is Outcome.EXPIRING and reading.until is not None:
            name = clean(reading.route, 40) or "?"
            ends.setdefault((_ends(reading.until, to), to.date(reading.until)), []).append(name)
    return [
        to.say.certificates.route.format(routes=opening(names, listed(names, to.say)), ends=end, date=date)
        for (end, date), names in ends.items()
    ]


def _ends(until: datetime, to: Reader) -> str:
    """Days left, computed at the time of writing, as the number at the incident's first round becomes outdated."""
    left = until - to.now
    if left <= timedelta():
        return to.say.certificates.ended
    return to.say.certificates.ends.format(count=left // DAY) if left >= DAY else to.say.certificates.ends_soon
