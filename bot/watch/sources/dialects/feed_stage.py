"""The stage of an incident, read from its feed entry as a person would.

A feed has no field for it, but a title, categories, and labels above the updates in its text. Atlassian's pages write
every update, the newest first ("<strong>Resolved</strong> - ..."), Status.io's the oldest first; incident.io's only the
newest ("<b>Status: Monitoring</b>") and the state of each component; AWS, Okta and Google put it in the title
("[RESOLVED]", "Resolved Service Disruption", "RESOLVED: ...").
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from itertools import islice

from bot.model import Planned
from bot.watch.sources.dialects.base import SKEW, WRONG_ZONE, clean, link
from bot.watch.sources.dialects.dates import Moment, folded, moment
from bot.watch.sources.dialects.feed_entries import Entry
from bot.watch.sources.dialects.stage_words import (
    AFFECTED,
    ENGLISH,
    EVENTS,
    MAINTENANCE,
    OVER_HEADS,
    STATED,
    WORK_FIRST,
    Label,
    announces,
    bare,
    is_over,
    known,
)

_BLOCKS = re.compile(
    r"</?(?:p|br|div|li|ul|ol|tr|td|th|table|h[1-6]|hr|strong|b|small|d[ltd]|time|blockquote|section|article|header)\b[^<>]*>",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"<[^<>]*>")
_BOLD = re.compile(
    r"<(?:strong|b|h[1-6])\b[^<>]{0,200}>\s{0,9}([^<>]{2,40})</[^<>]{1,10}>\s{0,9}([-–—:]|<)", re.IGNORECASE
)
_HEAD = re.compile(r"(.{1,40}?)\s{0,9}(?:[:：(\[【\])】|]|[–—]|\s-|-\s|$)")
_BRACKETS = re.compile(r"[\[(【（]\s{0,9}([^\[\]()【】（）]{1,40}?)\s{0,9}[\])】）]")
_DIVIDED = re.compile(r"\s-\s|[–—|:：]")
_STATED = re.compile(rf"(?:{'|'.join(STATED)})\s{{0,3}}[:：=-]\s{{0,3}}")
_OVER_TITLE = re.compile(r"^\W*resolved\b|^service is operating normally\b|^\W*summary of impact\W+between\b")
_SUMMARY = re.compile(r"^\W*summary of impact\W+between\b")  # Azure's: it has an end
_SENTENCES = re.compile(r"(?<=[.!?。])\s{0,3}")
_HOUR = r"\d{1,2}(?:\s?[:h時]\s?\d{2}分?(?:\s?[ap]\.?m\b\.?)?|\s?[ap]\.?m\b\.?)"
_WINDOW = re.compile(  # in folded text
    rf"(?:{'|'.join(EVENTS)})\W{{0,9}}(.{{0,40}}?{_HOUR}(?:\suhr)?(?:\s[a-z]{{1,5}}\b)?)"
    rf"\s{{0,9}}(?:[-–—~〜]|to|until|bis|hasta|al?|au|ate|alle|tot)\s{{0,9}}(.{{0,40}}?{_HOUR}\s{{0,9}}\w{{0,5}}(?:[+-]\d{{1,2}})?)"
)
_HALF = re.compile(r"[ap]\.?m\b\.?")
_AFFECTED = re.compile("|".join(AFFECTED), re.IGNORECASE)
_LISTED = re.compile(r"<li>([^<>]{1,300})</li>", re.IGNORECASE)
_MOST_LISTED = 200
_HEAD_OF_LINE = 60
_TIMED = re.compile(r"\d[:h時]\d|\d\s?[apAP]\.?[mM]")
_LAST_HOUR = re.compile(rf"{_HOUR}.{{0,12}}$")
_NEWEST = 600  # characters of the text, if the length of its newest update is unclear ...
_OPENING = 4000  # ... and with its markup
_FEW = 30  # letters beside a date on a line that counts as nothing else
MOST_LINES = 20  # at either end of a text
_DAY = timedelta(days=1)
_FARTHEST = timedelta(days=366)  # work announced for later is a slip of the pen
_EARLIEST = datetime.min.replace(tzinfo=UTC)


class Stage(Enum):
    OPEN = "open"
    OVER = "over"
    WORK = "work"  # announced and not over
    UNCLEAR = "unclear"  # in unknown words or an unknown language


@dataclass(frozen=True, slots=True)
class Said:
    """The stage of an entry. `labelled`: by a label, not only in its sentences. `news`: an update without a stage."""

    stage: Stage
    labelled: bool = False
    news: bool = False
    dates: tuple[Moment, ...] = ()  # found in the text


_Lines = list[tuple[str, Moment | None]]  # each with its date, if it is little else


@dataclass(frozen=True, slots=True)
class _Update:
    """A label in the text: how far on in an incident's life it is, and its time, if known."""

    label: Label
    row: int
    stated: bool
    at: datetime | None = None


def stage(entry: Entry) -> Stage:
    """The stage in the newest update."""
    return said(entry).stage


def said(entry: Entry, most: int = MOST_LINES) -> Said:
    """The stage in the newest update, and how it is known; `most` lines are read at either end of the text."""
    lines = [(line, _dated(line, entry.at or entry.roughly)) for line in _lines(entry.body, most)]
    return replace(_said(entry, lines), dates=tuple(found for _, found in lines if found))


def _said(entry: Entry, lines: _Lines) -> Said:
    title = folded(plain(entry.title))
    newest, updated = _newest(entry, lines)
    called = titled(title)
    if newest is Label.OVER or called is Label.OVER:
        return Said(Stage.OVER, labelled=True)
    text = plain(entry.body[:_OPENING])[:_NEWEST]
    if newest is Label.WORK or _WINDOW.search(folded(text)):
        return Said(Stage.WORK, labelled=True)
    if newest is not Label.OPEN and (WORK_FIRST.search(title) or called is Label.WORK):
        return Said(Stage.WORK, labelled=True)
    if newest is not None or called is not None:
        return Said(Stage.OPEN, labelled=True, news={newest, called} <= {None, Label.UPDATE})
    if updated:
        return Said(Stage.OPEN, labelled=True, news=True)
    return _unlabelled(entry, folded(text))


def ahead(entry: Entry, spoken: Said, now: datetime) -> Said:
    """Correct the stage of an entry dated in the future: announced work, or a wrong clock."""
    begins = _begins(entry)
    if begins is None or begins - now <= SKEW or spoken.stage is not Stage.OPEN:
        return spoken
    return Said(Stage.WORK) if _is_about_work(entry) or begins - now > WRONG_ZONE else spoken


def _begins(entry: Entry) -> datetime | None:
    return min((at for at in (entry.published, entry.updated) if at), default=None)


def _is_about_work(entry: Entry) -> bool:
    return MAINTENANCE.search(folded(f"{plain(entry.title)} {plain(entry.body[:_OPENING])}")) is not None


def began(entry: Entry, dates: tuple[Moment, ...]) -> datetime | None:
    """When its first update was published, if the text dates them all: the entry's own date moves with each update."""
    dated = entry.published or entry.updated
    if dated is None or entry.published is None:
        return dated
    zoned = bool(dates) and all(found.ahead is not None for found in dates)
    times = [(found.at if zoned else None) or found.local for found in dates]
    # The entry's own date is that of its newest update: that reveals an unknown zone.
    apart = timedelta(0) if zoned or not times else dated.replace(second=0, microsecond=0) - max(times)
    return min((at + apart for at in times if at + apart <= dated), default=dated)


def work(entry: Entry, now: datetime) -> Planned | None:
    """The announced work; None if it is over or its hours are unknown."""
    window = _WINDOW.search(folded(plain(entry.body[:_OPENING])[:_NEWEST]))
    if window is None or entry.published is None:
        begins = _begins(entry)
        announced = begins is not None and now < begins <= now + _FARTHEST and _is_about_work(entry)
        return Planned(clean(entry.title), begins, None, link(entry.link), entry.key) if begins and announced else None
    # The second day may be left out, and the zone stands at the end: "Jul 3, 03:00 - 05:30 UTC".
    opens, closes = window[1], window[2]
    if (half := _HALF.search(closes)) and not _HALF.search(opens):
        opens = f"{opens} {half[0]}"  # "3:00 - 5:30 PM"
    first = moment(opens, entry.published)
    last = moment(closes, entry.published) or moment(f"{_LAST_HOUR.sub('', opens)} {closes}", entry.published)
    if first is None or last is None:
        return None
    # The entry's date is the start; the length does not depend on the zone.
    since = entry.published if last.ahead is None else first.local - last.ahead
    until = since + (last.local - first.local) % (365 * _DAY)
    return Planned(clean(entry.title), since, until, link(entry.link), entry.key) if until > now else None


def components(entry: Entry) -> dict[str, str]:
    """The components that incident.io lists under an update, with their states: {"Login": "partial outage"}."""
    listed = _AFFECTED.search(entry.body)
    found: dict[str, str] = {}
    for match in islice(_LISTED.finditer(entry.body, listed.end()) if listed else (), _MOST_LISTED):
        name, _, state = (
            html.unescape(match[1]).strip().removesuffix(")").removesuffix("）").replace("（", "(").rpartition("(")
        )
        found[name.strip()] = state.strip().casefold()
    return found


def plain(text: str) -> str:
    """HTML without its markup, on one line."""
    return " ".join(html.unescape(_MARKUP.sub(" ", text)).split())


def subject(title: str) -> str:
    """A title without a leading label: the common part of all updates of an incident."""
    text = plain(title)
    bracket = _BRACKETS.match(text)
    head = bracket or _HEAD.match(text)
    if head is None or known(bare(folded(head[1]))) is None:
        return text
    return bare(text[head.end() :]) or text


def _newest(entry: Entry, lines: _Lines) -> tuple[Label | None, bool]:
    """The label of the newest update, None if there is none; and whether any update has a label."""
    found = _updates(lines)
    telling = [one for one in found if one.label is not Label.UPDATE]
    if not telling:
        filed = [named for one in entry.categories if (named := known(bare(folded(one))))]
        label = max(filed, key=lambda one: one[1], default=(None, 0))[0]
        return (None if label is Label.UPDATE else label), bool(found)
    stated = [one for one in telling if one.stated]
    return _last(stated or telling).label, True


def _last(found: list[_Update]) -> _Update:
    """The newest by time, else by the usual order of stages, since pages may begin with the newest or the oldest."""
    first, last = found[0], found[-1]
    if all(one.at is not None for one in found) and len({one.at for one in found}) > 1:
        backwards = first.at is not None and last.at is not None and first.at < last.at
        in_order = found[::-1] if backwards else found
        return max(in_order, key=lambda one: one.at or _EARLIEST)
    return last if first.row < last.row else first


def _updates(lines: _Lines) -> list[_Update]:
    """The labels in the text, each with the time before it, or after it if the page does it that way."""
    found: list[_Update | datetime] = []
    for line, at in lines:
        update = _labelled(line, at)
        if update is not None:
            found.append(replace(update, at=at.local if at else None))
        elif at is not None:
            found.append(at.local)
    first = next((one for one in found if isinstance(one, datetime) or not one.stated), None)
    in_turn = found if isinstance(first, datetime) else found[::-1]
    made, time = [], None
    for one in in_turn:
        if isinstance(one, datetime):
            time = one
        else:
            made.append(replace(one, at=one.at or time))
            time = None
    return made if isinstance(first, datetime) else made[::-1]


def _lines(body: str, most: int) -> Iterator[str]:
    """The text in lines as displayed, without the list of components."""
    listed = _AFFECTED.search(body)
    text = body[: listed.start()] if listed else body
    text = html.unescape(_MARKUP.sub(" ", _BLOCKS.sub("\n", text)))
    lines = (" ".join(line.split()) for line in text.split("\n") if not line.isspace() and len(line) > 1)
    found = list(lines)
    return iter(found if len(found) <= 2 * most else [*found[:most], *found[-most:]])


def _dated(line: str, near: datetime | None) -> Moment | None:
    """The date of a line with little else, or with a label beside it; None for other lines."""
    found = moment(line, near) if len(line) <= 2 * _HEAD_OF_LINE and _TIMED.search(line) else None
    if found is None or not found.timed:
        return None
    rest = [char for char in found.rest if char.isalpha()]
    return found if len(rest) <= _FEW or _label(found.rest) is not None else None


def _labelled(line: str, at: Moment | None) -> _Update | None:
    text = folded(line[: 2 * _HEAD_OF_LINE])
    if (found := _label(text)) is not None:
        return found
    return _label(at.rest) if at is not None else None  # the date may stand before it


def _label(text: str) -> _Update | None:
    """The label of a folded line: the whole line, or its beginning up to a sign."""
    text = bare(text)
    stated = _STATED.match(text)
    text = bare(text[stated.end() :]) if stated else text
    found = known(text)
    if found is None and (head := _HEAD.match(text)) is not None:
        found = known(bare(head[1]))
    return _Update(*found, stated=stated is not None) if found else None


def titled(title: str) -> Label | None:
    """The label in a folded title: in brackets, or at its head or end beside a sign; None without one."""
    if _OVER_TITLE.search(title) or title.startswith(tuple(f"{one} " for one in OVER_HEADS)) or title in OVER_HEADS:
        return Label.OVER
    words = [match[1] for match in _BRACKETS.finditer(title)]
    head, divided = _HEAD.match(title), _DIVIDED.split(title)
    words += [head[1]] if head and head.end() < len(title) else []
    words += divided[-1:] if len(divided) > 1 else []
    found = [called[0] for one in words if (called := known(bare(one)))]
    for label in (Label.OVER, Label.WORK, Label.OPEN, Label.UPDATE):
        if label in found:
            return label
    return None


def _unlabelled(entry: Entry, text: str) -> Said:
    """The stage of an entry without labels; `text` is folded."""
    if _SUMMARY.search(text) or any(is_over(one) for one in _SENTENCES.split(text)):
        return Said(Stage.OVER)
    if announces(text):
        return Said(Stage.WORK)
    strange = _BOLD.search(entry.body[:_OPENING])
    if strange and not ENGLISH & set(text.split()) and not any(char.isdecimal() for char in strange[1]):
        return Said(Stage.UNCLEAR)
    return Said(Stage.OPEN)
