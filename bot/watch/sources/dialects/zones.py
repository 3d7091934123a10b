"""Time zones as people write them behind an hour: "UTC+1", "PST", "(Pacific Time)", "Europe/Madrid"."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

LONGEST_OFFSET = timedelta(hours=14)
# Hours from UTC. Only unambiguous abbreviations, as mail, North American and European pages use them.
_ZONES = {
    **dict.fromkeys(("z", "ut", "utc", "gmt", "wet"), 0),
    **dict.fromkeys(("cet", "mez", "west", "bst"), 1),
    **dict.fromkeys(("cest", "mesz", "eet", "sast"), 2),
    **dict.fromkeys(("eest", "msk"), 3),
    **dict.fromkeys(("ict", "wib"), 7),
    **dict.fromkeys(("sgt", "hkt", "awst"), 8),
    **dict.fromkeys(("jst", "kst"), 9),
    "aest": 10,
    "aedt": 11,
    "nzst": 12,
    "nzdt": 13,
    "brt": -3,
    "edt": -4,
    **dict.fromkeys(("est", "cdt"), -5),
    **dict.fromkeys(("cst", "mdt"), -6),
    **dict.fromkeys(("mst", "pdt"), -7),
    **dict.fromkeys(("pst", "akdt"), -8),
    "akst": -9,
    "hst": -10,
}
# Names of areas whose offset depends on the date.
_AREAS = {
    **dict.fromkeys(("pt", "pacific"), "America/Los_Angeles"),
    **dict.fromkeys(("mt", "mountain"), "America/Denver"),
    **dict.fromkeys(("ct", "central"), "America/Chicago"),
    **dict.fromkeys(("et", "eastern"), "America/New_York"),
    "central european": "Europe/Berlin",
    "eastern european": "Europe/Helsinki",
    "western european": "Europe/Lisbon",
    "british": "Europe/London",
    "japan": "Asia/Tokyo",
    "singapore": "Asia/Singapore",
    "india": "Asia/Kolkata",
    "coordinated universal": "UTC",
    "greenwich mean": "UTC",
}
_OPENS = r"\s{0,2}[(,\[]?\s?"
_OFFSET = re.compile(rf"{_OPENS}(?:utc|gmt)?\s?([+-]\d{{1,2}})(?::?(\d{{2}}))?\b")
_REGION = re.compile(rf"{_OPENS}([a-z]{{2,20}}/[a-z_-]{{2,20}}(?:/[a-z_-]{{2,20}})?)\b")
_NAMED = re.compile(rf"{_OPENS}({'|'.join(_AREAS)})(?: (?:standard|daylight|summer))? time\b")
_SHORT = re.compile(rf"{_OPENS}([a-z]{{1,5}})\b")


def offset(text: str, at: int, local: datetime) -> tuple[timedelta | None, int]:
    """The offset from UTC of the zone at this position of a folded text, at that local time; and the zone's end."""
    if (match := _OFFSET.match(text, at)) is not None:
        hours, minutes = match[1], int(match[2] or 0)
        ahead = timedelta(hours=abs(int(hours)), minutes=minutes) * (-1 if hours[0] == "-" else 1)
        return (ahead if abs(ahead) <= LONGEST_OFFSET else None), match.end()
    if (match := _REGION.match(text, at)) is not None and (region := _regions().get(match[1])):
        return _of_area(region, local), match.end()
    if (match := _NAMED.match(text, at)) is not None:
        return _of_area(_AREAS[match[1]], local), match.end()
    if (match := _SHORT.match(text, at)) is not None:
        if area := _AREAS.get(match[1] if len(match[1]) == 2 else ""):
            return _of_area(area, local), match.end()
        hours_ahead = _ZONES.get(match[1])
        return (None if hours_ahead is None else timedelta(hours=hours_ahead)), match.end()
    return None, at


def _of_area(name: str, local: datetime) -> timedelta | None:
    return local.replace(tzinfo=ZoneInfo(name)).utcoffset()


@cache
def _regions() -> dict[str, str]:
    """The names of the time zone database by their folded form."""
    return {name.casefold(): name for name in available_timezones() if "/" in name}
