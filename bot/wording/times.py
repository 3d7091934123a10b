"""Times and durations in the reader's zone, language and clock, with a date if not today."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_time
from babel.numbers import format_decimal, format_percent

from bot.model import Style, local_time
from bot.wording.catalog import Catalog, Section, catalog, input_words, without

MINUTE: Final = timedelta(minutes=1)
# Abbreviations that several zones share, with the offset that everybody takes them for, if there is one.
SHARED: Final = {
    "CST": timedelta(hours=-6),
    "CDT": timedelta(hours=-5),
    "PST": timedelta(hours=-8),
    "IST": None,  # India, Israel and Ireland
}
NEAR: Final = 6  # days within which a weekday is unambiguous


@dataclass(frozen=True, slots=True)
class Reader:
    """A reader's formats. `now` is in their zone."""

    say: Catalog
    locale: Locale
    zone: ZoneInfo
    now: datetime
    twelve: bool
    pattern: str  # CLDR pattern of a 24-hour clock
    _days: dict[tuple[date, bool], str] = field(default_factory=dict, init=False, repr=False, compare=False)
    _since: dict[float, tuple[str, ...]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def clock(self, at: datetime) -> str:
        """A time such as "2:00 p.m.", "noon" or "14:00"; "11:40 p.m. Tue" if it is not today."""
        local = at.astimezone(self.zone)
        return self._dated(" ".join(self._parts(local)).rstrip(), local)

    def point(self, at: datetime, *, dated: bool = False) -> str:
        """The time as used after a preposition: "2:00 p.m.", "las 14:00", "la 1:00", "las 23:40 del martes"."""
        local = at.astimezone(self.zone)
        point = self._point(local)
        if not dated and local.date() == self.now.date():
            return point
        return self.say.times.point_dated.format(point=point, day=self._day(local, wide=True))

    def since(self, at: datetime) -> tuple[str, ...]:
        """The time and, if it is not today, a shorter form with only its day; worded once for all times of a minute."""
        minute = at.timestamp() // 60
        if (known := self._since.get(minute)) is None:
            known = self._since[minute] = self._since_worded(at)
        return known

    def _since_worded(self, at: datetime) -> tuple[str, ...]:
        local = at.astimezone(self.zone)
        point = self._point(local)
        if local.date() == self.now.date():
            return (point,)
        day = self._day(local, wide=True)
        return self.say.times.point_dated.format(point=point, day=day), self.say.times.on_day.format(day=day)

    def points(self, since: datetime, until: datetime) -> tuple[str, str]:
        """Two times in one sentence: both are dated if they are on different days."""
        apart = since.astimezone(self.zone).date() != until.astimezone(self.zone).date()
        return self.point(since, dated=apart), self.point(until, dated=apart)

    def span(self, since: datetime, until: datetime) -> str:
        """A period such as "2:00–2:50 p.m.", "11:40 a.m. – 12:20 p.m." or "11:40 p.m. Tue – 12:20 a.m. Wed"."""
        start, end = since.astimezone(self.zone), until.astimezone(self.zone)
        (first, early), (last, late) = self._parts(start), self._parts(end)
        if start.date() != end.date():
            first, last = f"{first} {early}".rstrip(), f"{last} {late}".rstrip()
            return self.say.times.span_wide.format(since=self._date(first, start), until=self._date(last, end))
        if (first, early) == (last, late):
            return self.clock(since)
        if early == late or not (early or late):
            text = f"{self.say.times.span.format(since=first, until=last)} {late}".rstrip()
        else:
            form = self.say.times.span_wide if early else self.say.times.span
            text = form.format(since=f"{first} {early}".rstrip(), until=f"{last} {late}".rstrip())
        return self._dated(text, start)

    def length(self, since: datetime, until: datetime) -> str:
        """Duration between two times; at least "1 min" if they show different minutes."""
        lasted = max(until - since, timedelta())
        crossed = _minute(since) != _minute(until)
        return self.duration(max(lasted, MINUTE) if crossed else lasted)

    def duration(self, length: timedelta) -> str:
        """A duration such as "50 min", "1 h 30 min" or "2 d 4 h"; halves are rounded up."""
        if length < MINUTE:
            return self.say.times.under_a_minute
        minutes = (length + MINUTE / 2) // MINUTE
        if minutes >= 24 * 60:
            days, hours = divmod((minutes + 30) // 60, 24)
            minutes = 0
        else:
            days, (hours, minutes) = 0, divmod(minutes, 60)
        parts = ((self.say.times.days, days), (self.say.times.hours, hours), (self.say.times.minutes, minutes))
        return " ".join(form.format(count=count) for form, count in parts if count)

    def period(self, length: timedelta) -> str:
        """A period of the past: "24 h", "7 days"."""
        hours = max(1, round(length / timedelta(hours=1)))
        if hours > 48 and hours % 24 == 0:
            return self.say.times.whole_days.format(count=hours // 24)
        return self.say.times.hours.format(count=hours)

    def seconds(self, took: timedelta) -> str:
        return plain(format_decimal(took.total_seconds(), "0.#", locale=self.locale))

    def number(self, count: int) -> str:
        """A number with the reader's separators: "1,243", "1.243"."""
        return plain(format_decimal(count, locale=self.locale))

    def brief(self, took: timedelta) -> str:
        """Seconds with two digits: "0.34", "12"."""
        pattern = "0.##" if took < timedelta(seconds=1) else "0.#"
        return plain(format_decimal(max(took.total_seconds(), 0.01), pattern, locale=self.locale))

    def day(self, at: datetime) -> str:
        """A past day: the time if today, the weekday if recent, else the date."""
        local = at.astimezone(self.zone)
        if local.date() == self.now.date():
            return self.clock(at)
        if abs((self.now.date() - local.date()).days) <= NEAR:
            return format_date(local, self.say.times.past_day_near, locale=self.locale)
        return plain(format_date(local, self._months(self.say.times.past_day_far, local), locale=self.locale))

    def year(self, at: datetime) -> int:
        return at.astimezone(self.zone).year

    def percent(self, share: float) -> str:
        """Rounded down: "100%" only if it was always up."""
        return _percent_text(int(share * 10_000 + 1e-6), self.say.times.percent, self.locale)

    def date(self, at: datetime) -> str:
        """A date such as "Nov. 26" or "26 nov", with the year if it is another."""
        return self._far(at.astimezone(self.zone), wide=True)

    def stamp(self, at: datetime) -> str:
        """A whole date with time and zone: "Thursday, July 14, 2022, 2:00 p.m. CEST"."""
        local = at.astimezone(self.zone)
        zone = zone_name(local)
        clock = " ".join(self._parts(local)).rstrip().removesuffix(f" {zone}")
        date = plain(format_date(local, "full", locale=self.locale))
        return self.say.mail.stamp.format(date=date, clock=clock, zone=zone)

    def _point(self, local: datetime) -> str:
        clock = " ".join(self._parts(local)).rstrip()
        form = self.say.times.point_at_one if clock.startswith(("1:", "01:")) else self.say.times.point
        return form.format(clock=clock)

    def _dated(self, text: str, local: datetime) -> str:
        return text if local.date() == self.now.date() else self._date(text, local)

    def _date(self, text: str, local: datetime) -> str:
        return self.say.times.clock_dated.format(clock=text, day=self._day(local))

    def _day(self, local: datetime, *, wide: bool = False) -> str:
        key = local.date(), wide
        if (known := self._days.get(key)) is None:
            known = self._days[key] = self._day_worded(local, wide=wide)
        return known

    def _day_worded(self, local: datetime, *, wide: bool) -> str:
        say = self.say
        if abs((self.now.date() - local.date()).days) <= NEAR:
            return _date_text(local.date(), say.times.point_near if wide else say.times.day_near, self.locale)
        return self._far(local, wide=wide)

    def _far(self, local: datetime, *, wide: bool) -> str:
        say = self.say
        far, other_year = (
            (say.times.point_far, say.times.point_other_year) if wide else (say.times.day_far, say.times.day_other_year)
        )
        pattern = far if local.year == self.now.year else other_year
        return plain(_date_text(local.date(), self._months(pattern, local), self.locale))

    def _months(self, pattern: str, local: datetime) -> str:
        """The pattern with the language's own short month names and days of the month, if it has any."""
        own, day = self.say.months.get(str(local.month), ""), self.say.month_days.get(str(local.day), "")
        pattern = pattern.replace("MMM", f"'{own}'") if own else pattern
        return re.sub(r"\bd\b", f"'{day}'", pattern) if day else pattern

    def _parts(self, local: datetime) -> tuple[str, str]:
        """The digits, and what follows them: a.m. or p.m., and the zone in an hour that occurs twice."""
        zone = zone_name(local) if _comes_twice(local) else ""
        if not self.twelve:
            pattern = self.say.clock_patterns.get("minute" if local.minute else "hour", self.pattern)
            return _time_text(local.hour, local.minute, pattern, self.locale), zone
        if words := self.say.clock_words:
            digits, half = _own_clock(local, words)
        else:
            digits = _time_text(local.hour, local.minute, "h:mm", self.locale)
            half = _time_text(local.hour, local.minute, "a", self.locale)
        return digits, f"{half} {zone}".strip()


def reader(style: Style, now: datetime) -> Reader:
    """A reader's formats. An unknown zone becomes UTC and an unknown language English, so that no notice is lost."""
    locale, zone, twelve, pattern = _settled(style)
    said = catalog(style.language)
    if twelve and (word := said.oclock.get("word", "")):
        said = without(said, word)
    return Reader(said, locale, zone, now.astimezone(zone), twelve, pattern)


def prepare(styles: Iterable[Style], now: datetime) -> None:
    """Load all that notices in these styles need. It takes a moment that no notice should wait for."""
    for style in styles:
        reader(style, now)
    input_words("routes")


@lru_cache(maxsize=256)
def _settled(style: Style) -> tuple[Locale, ZoneInfo, bool, str]:
    say = catalog(style.language)
    tag = style.language.replace("-", "_")
    try:
        locale = Locale.parse(tag if tag.lower().startswith(say.language) else say.language)
    except (ValueError, UnknownLocaleError):
        locale = Locale.parse(say.language)
    zone = local_time.zone(style)
    habit = locale.time_formats["short"].pattern
    twelve = style.clock == "12h" or (style.clock != "24h" and "h" in habit)
    pattern = habit if "H" in habit else say.times.clock_24
    return locale, zone, twelve, pattern


def plain(text: str) -> str:
    """Replace CLDR's narrow and non-breaking spaces, as people search for "2:00 p.m." with plain ones."""
    return text.replace("\u202f", " ").replace("\u00a0", " ")


# A page says the same few days, times and shares thousands of times, and Babel reads its patterns each time.


@lru_cache(maxsize=1024)
def _date_text(day: date, pattern: str, locale: Locale) -> str:
    return format_date(day, pattern, locale=locale)


@lru_cache(maxsize=4096)
def _time_text(hour: int, minute: int, pattern: str, locale: Locale) -> str:
    return plain(format_time(time(hour, minute), pattern, locale=locale))


@lru_cache(maxsize=4096)
def _percent_text(share: int, pattern: str, locale: Locale) -> str:
    """`share`: in ten thousandths."""
    return plain(format_percent(share / 10_000, pattern, locale=locale))


def _own_clock(local: datetime, words: Section) -> tuple[str, str]:
    """A 12-hour time in the language's own words."""
    if local.minute == 0 and local.hour in {0, 12}:
        return (words.noon if local.hour else words.midnight), ""
    return f"{local.hour % 12 or 12}:{local.minute:02}", words.pm if local.hour >= 12 else words.am


def _comes_twice(local: datetime) -> bool:
    """True in the hour that is repeated when clocks go back, where an outage could seem to end before it began."""
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def zone_name(local: datetime) -> str:
    """The zone's abbreviation, as in "CEST"; where it has none, or others have the same, "UTC+5:30"."""
    name, offset = local.tzname() or "", local.utcoffset() or timedelta()
    if name.isalpha() and SHARED.get(name, offset) == offset:
        return name
    hours, minutes = divmod(abs(offset) // MINUTE, 60)
    return f"UTC{'-' if offset < timedelta() else '+'}{hours}" + (f":{minutes:02}" if minutes else "")


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
