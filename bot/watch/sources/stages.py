"""What the entry of a status page's feed says of its incident, read as a person would read it.

A feed has no field for that. What there is: the title, and in the text the word that the newest update stands under. Atlassian's
pages write every update, the newest first ("<strong>Resolved</strong> - ..."); incident.io's the newest alone ("<b>Status:
Monitoring</b>") and how each component is; AWS, Okta and Google put it in the title ("[RESOLVED]", "Resolved Service
Disruption", "RESOLVED: ...").
"""

from __future__ import annotations

import html
import re
from datetime import datetime, timedelta
from enum import Enum
from itertools import islice

from bot.model import Planned
from bot.watch.sources.dialect import clean, link
from bot.watch.sources.entries import Entry, near, offset

_LABEL = re.compile(  # "either": of announced work, and of an incident
    r"(?P<over>resolved|completed?|closed|fixed|recovered|restored|operational|available|cancell?ed|post-?mortem"
    r"|maintenance completed?|false alarm)"
    r"|(?P<work>scheduled|planned|maintenance|(?:scheduled|planned|under) maintenance"
    r"|maintenance (?:scheduled|in progress))"
    r"|(?P<either>in progress|verifying)"
    r"|(?P<open>investigating|identified|monitoring|update|watching|open|ongoing)",
    re.IGNORECASE,
)
_OVER_TITLE = re.compile(
    r"\[\s*(?:resolved|completed|closed|fixed)\s*\]|^\W*resolved\b|^service is operating normally\b"
    r"|^\W*(?:completed|closed|fixed|mitigated|recovered)\s*[-–—:]",
    re.IGNORECASE,
)
_OVER_TEXT = re.compile(  # where there is no label
    r"\b(?:issue|incident|problem|outage|disruption|this|it)\b[^.!?]{0,80}"
    r"\b(?:is|are|has|have|was|were)\b[^.!?]{0,30}\bresolved\b"
    r"|^\W*summary of impact\W+between\b",  # Azure's: it had an end
    re.IGNORECASE,
)
_NOT_YET = re.compile(
    r"\b(?:once|until|when|if|after|not|before|partially|some|most|many|being|should|will|to be)\b", re.IGNORECASE
)
_WORK = re.compile(r"^\W*(?:(?:scheduled|planned|emergency) )?maintenance\b", re.IGNORECASE)
_WINDOW = re.compile(
    r"SCHEDULED EVENT\s+(\w{3})\s+(\d{1,2})\s*,\s*(\d{1,2}:\d\d)\s*[-–]\s*"
    r"(?:(\w{3})\s+(\d{1,2})\s*,\s*)?(\d{1,2}:\d\d)\s+(\w+)"
)
_BOLD = re.compile(r"<(?:strong|b)\b[^<>]{0,200}>", re.IGNORECASE)
_STATED = re.compile(r"\W*(?:status\W+)?([a-z][a-z -]{2,24}?)\s*[-–—:]", re.IGNORECASE)
_SMALL = re.compile(r"<small>(.{1,200}?)</small>", re.IGNORECASE)
_SAID_AT = re.compile(r"(\w{3})\s+(\d{1,2})\s*,\s*(\d{1,2}:\d\d)\s+(\w+)")
_LISTED = re.compile(r"<li>([^<>]{1,300})</li>", re.IGNORECASE)
_MARKUP = re.compile(r"<[^<>]*>")
_BOLDEST = 60  # bold words looked at in one entry: in its newest update, if there is anything to be found
_NEWEST = 600  # characters: the newest update, where nothing shows how long it is ...
_OPENING = 4000  # ... and with its markup
_DAY = timedelta(days=1)


class Stage(Enum):
    OPEN = "open"
    OVER = "over"
    WORK = "work"  # that was announced, and is not over


def stage(entry: Entry) -> Stage:
    """What its newest update says of it."""
    title, label, text = plain(entry.title), _label(entry.body), _newest(entry.body)
    if label == "over" or _OVER_TITLE.search(title):
        return Stage.OVER
    if label == "work" or _WINDOW.search(text) or (label != "open" and _WORK.search(title)):
        return Stage.WORK
    said = () if label else re.split(r"(?<=[.!?])\s", text)
    over = any(_OVER_TEXT.search(one) and not _NOT_YET.search(one) for one in said)
    return Stage.OVER if over else Stage.OPEN


def began(entry: Entry) -> datetime | None:
    """When its first update was published, as far as the feed says: where the text dates each, its own date moves along."""
    dated = entry.published or entry.updated
    if dated is None or entry.published is None:
        return dated
    said = [match.groups() for small in _SMALL.findall(entry.body) if (match := _SAID_AT.search(plain(small)))]
    known = bool(said) and offset(said[0][3]) is not None
    times = [at for *day, zone in said if (at := near(day, zone if known else "UTC", dated))]
    # The entry's own date is that of its newest update: it shows where an unknown zone is.
    apart = timedelta(0) if known or not times else dated.replace(second=0, microsecond=0) - times[0]
    return min((at + apart for at in times if at + apart <= dated), default=dated)


def work(entry: Entry, now: datetime) -> Planned | None:
    """The announced work, unless it is past or its hours are not known."""
    said = _WINDOW.search(_newest(entry.body))
    if said is None or entry.published is None:
        return None
    month, day, clock, last_month, last_day, until_clock, zone = said.groups()
    since = near((month, day, clock), zone, entry.published) or entry.published  # its date is that of the start
    starts, ends = (
        near(when, "UTC", since)  # whichever the zone, it lasts as long
        for when in ((month, day, clock), (last_month or month, last_day or day, until_clock))
    )
    if starts is None or ends is None:
        return None
    until = since + (ends - starts) % (365 * _DAY)
    return Planned(clean(entry.title), since, until, link(entry.link), entry.key) if until > now else None


def components(entry: Entry) -> dict[str, str]:
    """How each component is that incident.io lists under an update, in its words: {"Login": "partial outage"}."""
    _, listed, after = entry.body.partition("Affected components")
    found: dict[str, str] = {}
    for said in _LISTED.findall(after) if listed else ():
        name, _, state = html.unescape(said).strip().removesuffix(")").rpartition("(")
        found[name.strip()] = state.strip().casefold()
    return found


def plain(text: str) -> str:
    """HTML without its markup, on one line."""
    return " ".join(html.unescape(_MARKUP.sub(" ", text)).split())


def _newest(body: str) -> str:
    return plain(body[:_OPENING])[:_NEWEST]


def _label(body: str) -> str:
    """What the word means that the newest update stands under; empty where it stands under none."""
    for bold in islice(_BOLD.finditer(body), _BOLDEST):
        end = max(body.find("</", bold.end(), bold.end() + 80), bold.end())
        word = re.sub(r"^status\W+", "", plain(body[bold.end() : end]), flags=re.IGNORECASE)
        if label := _LABEL.fullmatch(word.strip(" :.-–—")):
            return str(label.lastgroup)
    stated = _STATED.match(_newest(body))
    label = _LABEL.fullmatch(stated[1]) if stated else None
    return str(label.lastgroup) if label else ""
