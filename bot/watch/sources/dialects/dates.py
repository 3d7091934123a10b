"""Dates as people and programs write them: RFC 5322, ISO 8601, words of eight languages, with AM and PM."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

YEARS = range(1990, 2200)  # other years are errors, and could overflow
LONGEST = 120  # characters searched
_MONTHS = (
    "january enero januar janvier janeiro gennaio januari",
    "february febrero februar fevrier fevereiro febbraio februari",
    "march marzo marz mrz mars marco maart mrt maerz",
    "april abril avril aprile avr",
    "may mayo mai maio maggio mei",
    "june junio juni juin junho giugno",
    "july julio juli juillet julho luglio",
    "august agosto aout augustus",
    "september septiembre septembre setembro settembre",
    "october octubre oktober octobre outubro ottobre",
    "november noviembre novembre novembro",
    "december diciembre dezember decembre dezembro dicembre",
)
_SHORT = {"juin": 6, "juil": 7}  # the same in three letters
_NUMBERS = {
    short: number
    for number, names in enumerate(_MONTHS, 1)
    for name in names.split()
    for short in (name, name[:4], name[:3])
    if short != "jui"
} | _SHORT
_IN_WORDS = re.compile(
    r"\b(?P<day>\d{1,2})(?:st|nd|rd|th|er|\.|º)?[\s./-]{0,3}(?:de |d')?(?P<month>[a-z]{3,10})\.?[\s,./-]{0,3}"
    r"(?:de )?(?P<year>\d{4}\b|\d{2}(?=\s+\d{1,2}[:.]\d\d|\s*$))?"
    r"|\b(?P<month2>[a-z]{3,10})\.?\s{0,3}(?P<day2>\d{1,2})(?:st|nd|rd|th)?\b(?!:)(?:\s*,?\s*(?P<year2>\d{4})\b)?"
)
_IN_NUMBERS = re.compile(
    r"\b(?P<year>\d{4})\s?[-/.年]\s?(?P<month>\d{1,2})\s?[-/.月]\s?(?P<day>\d{1,2})"
    r"|\b(?P<day2>\d{1,2})\s?\.\s?(?P<month2>\d{1,2})\s?\.\s?(?P<year2>\d{4}\b|\d{2}(?=\s+\d{1,2}[:.]\d\d))"
    r"|\b(?P<either>\d{1,2})/(?P<other>\d{1,2})/(?P<year3>\d{4})\b"
    r"|\b(?P<month4>\d{1,2})月\s?(?P<day4>\d{1,2})日"
)
_TIME = re.compile(
    r"(?:\b|(?P<half3>午前|午後)\s?)(?P<hour>\d{1,2})(?:\s?[:h時]\s?(?P<minute>\d{2})分?(?:\s?:\s?(?P<second>\d{2})(?:\.\d{1,9})?)?"
    r"\s{0,2}(?P<half>[ap]\.?\s?m\b\.?)?(?:\s?(?:uhr|uur)\b)?|\s?(?P<half2>[ap]\.?\s?m\b\.?)|時"
    r"|\.(?P<minute2>\d{2})(?=\s?(?:uhr|uur|utc|gmt|cet|cest|mez|mesz|jst|e[sd]t|p[sd]t)\b)(?:\s?(?:uhr|uur)\b)?)"
    r"|t(?P<hour3>\d{2}):(?P<minute3>\d{2})(?::(?P<second3>\d{2})(?:\.\d{1,9})?)?"
)
_COUNTED = re.compile(r"(?:/date\()?([0-9]{9,13})(?:\.[0-9]{1,9})?(?:\)/)?", re.IGNORECASE)  # also Microsoft's form
_SIGNS = str.maketrans("’‘´`‐‑−", "''''---")  # as people and word processors write an apostrophe and a hyphen
_YEAR = re.compile(r"\b(?:19|20|21)\d\d\b")
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
_ABBREVIATED = re.compile(rf"{_OPENS}([a-z]{{1,5}})\b")


@dataclass(frozen=True, slots=True)
class Moment:
    """A date found in a text.

    `local`: its wall clock, noted as if in UTC. `ahead`: its zone's offset from UTC; None without a zone, or with an
    ambiguous one. `timed`: it includes the hour. `rest`: the text without it.
    """

    local: datetime
    ahead: timedelta | None
    timed: bool
    rest: str

    @property
    def at(self) -> datetime | None:
        return None if self.ahead is None else self.local - self.ahead


def instant(value: object) -> datetime | None:
    """An instant in any form: seconds or milliseconds since 1970, ISO 8601, in UTC without a zone, and those of `date`."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return of_seconds(value)
    return date(value) if isinstance(value, str) else None


def date(text: str) -> datetime | None:
    """The same of a text; None for anything else, and in words without an unambiguous zone."""
    found = _counted(text) or _iso(text)
    if found is None and (read := moment(text)) is not None:
        found = read.at
    return found if found is not None and found.year in YEARS else None


def about(text: str) -> datetime | None:
    """The same to within half a day, if the zone or the hour is unknown."""
    exact = date(text)
    read = None if exact else moment(text)
    return exact or (read.local if read else None)


def moment(text: str, near: datetime | None = None) -> Moment | None:
    """The first date in a text, with its hour. A missing year is chosen to be nearest to `near`. None without a date."""
    text = folded(text[:LONGEST])
    found = next((made for pattern in (_IN_NUMBERS, _IN_WORDS) for made in _days(pattern, text)), None)
    if found is None:
        return None
    year, month, day, begins, ends = found
    left, right = text[:begins], text[ends:]
    clock = _clock(right) or _clock(left)
    before = clock is not None and clock.string is left
    if clock is not None and before:
        left = left[: clock.start()] + " " * (clock.end() - clock.start()) + left[clock.end() :]
    begun = clock.end() if clock is not None and clock.string is right else 0
    later = _YEAR.search(right, begun) if year is None and clock is not None else None
    if later is not None:
        year = int(later[0])
        right = right[: later.start()] + " " * 4 + right[later.end() :]
    local = _local(year, month, day, _hours(clock), near)
    if local is None:
        return None
    ahead, after = offset(clock.string, clock.end(), local) if clock else (None, 0)
    if clock is not None and ahead is None and (later is not None or before):
        ahead, _ = offset(right, later.end() if later else 0, local)  # behind the year, or behind the date
    if clock is not None and clock.string is right:
        right = right[: clock.start()] + right[after:]
    return Moment(local, ahead, clock is not None, f"{left} {right}")


def folded(text: str) -> str:
    """Lower case without accents, with one form of each sign."""
    if text.isascii():
        return text.casefold()
    apart = unicodedata.normalize("NFKD", text.casefold().translate(_SIGNS))
    return "".join(char for char in apart if not unicodedata.combining(char))


def _iso(text: str) -> datetime | None:
    """An instant in ISO 8601, in UTC without a zone; else None."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def of_seconds(value: float) -> datetime | None:
    """An instant from seconds since 1970, or from milliseconds if the number is that large; None out of range."""
    try:
        at = datetime.fromtimestamp(value / 1000 if value > 10**11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return at if at.year in YEARS else None


def _counted(text: str) -> datetime | None:
    """Seconds or milliseconds since 1970, in digits; None for anything else."""
    digits = _COUNTED.fullmatch(text.strip())
    return of_seconds(int(digits[1])) if digits else None


def _days(pattern: re.Pattern[str], text: str) -> list[tuple[int | None, int, int, int, int]]:
    """Year, month and day of the first valid date, and its position."""
    at = 0
    while (match := pattern.search(text, at)) is not None:
        at = match.end()
        said = {name.rstrip("234"): value for name, value in match.groupdict().items() if value}
        if "either" in said:
            one, other = int(said["either"]), int(said["other"])
            if (one > 12) is (other > 12):
                continue  # day and month could be swapped
            said |= {"day": str(max(one, other)), "month": str(min(one, other))}
        month = int(said["month"]) if said["month"].isdecimal() else _NUMBERS.get(said["month"])
        if month is not None and 1 <= month <= 12:
            year = int(said["year"]) if "year" in said else None
            year = year + 2000 if year is not None and len(said["year"]) == 2 else year
            return [(year, month, int(said["day"]), match.start(), match.end())]
        if match.lastgroup in {"day2", "year2"} and "month2" in match.re.groupindex:
            at = match.start("day2")  # "Friday 20 November": no month, but the day belongs to the next word
    return []


def _clock(text: str) -> re.Match[str] | None:
    return _TIME.search(text)


def _hours(clock: re.Match[str] | None) -> tuple[int, int, int]:
    if clock is None:
        return 0, 0, 0
    said = {name.rstrip("23"): value for name, value in clock.groupdict().items() if value}
    hour, half = int(said["hour"]), said.get("half", "")
    if half and 1 <= hour <= 12:
        hour = hour % 12 + (12 if half[0] in "p午" and half != "午前" else 0)
    return hour, int(said.get("minute", 0)), int(said.get("second", 0))


def _local(
    year: int | None, month: int, day: int, hours: tuple[int, int, int], near: datetime | None
) -> datetime | None:
    if year is not None:
        return _made(year, month, day, hours) if year in YEARS else None
    if near is None:
        return None
    made = (_made(one, month, day, hours) for one in range(near.year - 1, near.year + 2) if one in YEARS)
    return min((one for one in made if one), key=lambda one: abs(one - near), default=None)


def _made(year: int, month: int, day: int, hours: tuple[int, int, int]) -> datetime | None:
    try:
        return datetime(year, month, day, *hours, tzinfo=UTC)
    except ValueError:  # no such day or hour
        return None


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
    if (match := _ABBREVIATED.match(text, at)) is not None:
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
