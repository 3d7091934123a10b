"""Titles: service, state and time in 80 characters or less, claiming no more than the evidence.

And how certificates are worded that expire while everything works.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache

from bot.model import (
    OURSELVES,
    Confidence,
    Health,
    Incident,
    Outcome,
    Reading,
    Role,
    Service,
    ServiceState,
    SourceReport,
    Tone,
)
from bot.wording.catalog import Catalog
from bot.wording.places import names_of, only_somewhere
from bot.wording.text import ENOUGH, NAME, TITLE, clean, fit, foreign, listed, opening, quoted, shorten
from bot.wording.times import Reader

LEAST = 12  # characters of a headline that still make sense
TROUBLE = frozenset({Health.DEGRADED, Health.DOWN})
DAY = timedelta(days=1)


def present(incident: Incident, service: Service, reader: Reader) -> str:
    """The title of an open incident."""
    return fit(name_of(service), *state_forms(incident, service, reader))


def offline(since: datetime, reader: Reader) -> str:
    """That we are offline ourselves."""
    return reader.say.titles.offline.format(since=reader.point(since))


def tone(incident: Incident) -> Tone:
    if incident.health is Health.UNKNOWN:
        return Tone.UNSEEN
    if incident.confidence is Confidence.POSSIBLE:
        return Tone.POSSIBLE
    return Tone.DOWN if down(incident) else Tone.DEGRADED


def name_of(service: Service) -> str:
    return _name(service.name, service.id)


@lru_cache(maxsize=16384)
def _name(name: str, key: str) -> str:
    return foreign(name, 100) or clean(key, 100) or "?"


def sure(incident: Incident) -> bool:
    return incident.confidence is Confidence.CONFIRMED


def down(incident: Incident) -> bool:
    """True if it may be called down now. An unstable incident counts by its worst state."""
    health = max(incident.health, incident.worst) if incident.unstable_since else incident.health
    return sure(incident) and health is Health.DOWN


def began(incident: Incident) -> datetime:
    return incident.unstable_since or incident.since


def routes(incident: Incident, outcome: Outcome) -> list[str]:
    return [clean(r.route, 40) or "?" for r in incident.readings if r.outcome is outcome]


def only_slow(incident: Incident) -> bool:
    return bool(routes(incident, Outcome.SLOW)) and not routes(incident, Outcome.FAILED)


def official_word(incident: Incident) -> SourceReport | None:
    """The official page's report of trouble, the worst if there are several pages; None without one."""
    words = [w for w in incident.reports if w.role is Role.OFFICIAL and w.says in TROUBLE]
    return max(words, key=lambda w: w.says or Health.UP, default=None)


def theirs_alone(incident: Incident) -> bool:
    """True if only the official page reports trouble, and our own checks saw none."""
    seen = routes(incident, Outcome.FAILED) or routes(incident, Outcome.SLOW)
    said = incident.official_at is not None or official_word(incident) is not None
    return not seen and not sure(incident) and said


def times(incident: Incident, say: Catalog) -> str:
    down_once = max(incident.health, incident.worst) is Health.DOWN
    return (say.titles.times_down if down_once else say.titles.times_in_trouble).format(count=max(incident.outages, 1))


def headed(forms: tuple[str, ...], word: SourceReport, name: str, reader: Reader, **facts: str) -> list[str]:
    """Titles that quote a headline; in the last one it is cut to fit beside the name."""
    headline = foreign(word.headline, 200)
    whole = [f.format(name=NAME, headline=quoted(headline, reader.say), **facts) for f in forms]
    room = TITLE - len(forms[-1].format(name="", headline=quoted("", reader.say), **facts)) - min(len(name), ENOUGH)
    cut = quoted(shorten(headline, max(room, LEAST)), reader.say)
    return [*whole, forms[-1].format(name=NAME, headline=cut, **facts)]


def standing(state: ServiceState, service: Service, reader: Reader) -> str:
    """The present state of a service with an open incident, in one line: an unstable one that responds is not down."""
    one = state.incident
    if one is None:
        raise ValueError(f"{service.id} has no open incident")
    if (since := state.answering_since) is None:
        return fit(name_of(service), *(down_again(one, reader) or state_forms(one, service, reader)))
    facts = {"times": times(one, reader.say), "since": reader.point(began(one)), "until": reader.point(since)}
    return fit(name_of(service), reader.say.titles.answering.format(name=NAME, **facts))


def down_again(incident: Incident, reader: Reader) -> list[str]:
    """Titles of an unstable service that is down at this moment; none for any other."""
    if not (incident.unstable_since and sure(incident) and incident.health is Health.DOWN):
        return []
    say, facts = reader.say.titles, {"name": NAME, "times": times(incident, reader.say)}
    forms = (say.down_again, say.down_again_brief)
    return [form.format(since=since, **facts) for since in reader.since(began(incident)) for form in forms]


def state_forms(incident: Incident, service: Service, reader: Reader) -> list[str]:
    """Titles of the present state, the fullest first."""
    if incident.only_worn:
        return worn_forms(incident, reader)
    return [form for since in reader.since(began(incident)) for form in _state(incident, service, reader, since)]


def _state(incident: Incident, service: Service, reader: Reader, since: str) -> list[str]:
    say = reader.say
    if service.id == OURSELVES:
        return [say.titles.offline.format(since=since)]
    if incident.health is Health.UNKNOWN:
        return [say.titles.unknown.format(name=NAME, since=since)]
    if sure(incident):
        return _sure(incident, reader, since)
    if incident.confidence is Confidence.LIKELY:
        return _likely(incident, service, reader, since)
    form = _pick(incident, say.titles.may_be_down, say.titles.may_be_partly_down, say.titles.may_be_slow)
    if not incident.readings:
        form = say.titles.may_have_trouble if incident.health is not Health.DOWN else say.titles.may_be_down
    return [form.format(name=NAME, since=since)]


def _sure(incident: Incident, reader: Reader, since: str) -> list[str]:
    say = reader.say
    if incident.unstable_since:
        form = say.titles.unstable if down(incident) else say.titles.unstable_partly
        return [form.format(name=NAME, since=since, times=times(incident, say))]
    if incident.health is Health.DOWN:
        return [say.titles.down.format(name=NAME, since=since)]
    eased = incident.worst is Health.DOWN
    places = only_somewhere(incident)
    names = names_of(places, say) or routes(incident, Outcome.FAILED) or routes(incident, Outcome.SLOW)
    bare = (say.titles.now_partly_down_brief if eased else say.titles.partly_down_brief).format(name=NAME, since=since)
    if not names:
        return [bare]
    full, later = (
        (say.titles.slow, say.titles.now_slow)
        if only_slow(incident)
        else (say.titles.partly_down, say.titles.now_partly_down)
    )
    form = later if eased else full
    return [form.format(name=NAME, since=since, routes=text) for text in _fewer(names, say, places=bool(places))]


def _fewer(names: list[str], say: Catalog, *, places: bool = False) -> list[str]:
    """The routes in ever shorter lists; or the places that alone see trouble."""
    counted = say.titles.places if places else say.titles.routes
    counts = [counted.format(count=len(names))] if len(names) > 1 else [shorten(names[0], LEAST)]
    found = [*(listed(names, say, most) for most in range(len(names), 0, -1)), *counts]
    return [say.titles.from_only.format(places=one) for one in found] if places else found


def _likely(incident: Incident, service: Service, reader: Reader, since: str) -> list[str]:
    say, word = reader.say, official_word(incident)
    if word is None or not theirs_alone(incident):
        form = _pick(incident, say.titles.probably_down, say.titles.probably_partly_down, say.titles.probably_slow)
        return [form.format(name=NAME, since=since)]
    clock = reader.clock(incident.official_at or incident.since)
    if word.headline:
        return headed((say.titles.official,), word, name_of(service), reader, clock=clock)
    return [say.titles.official_brief.format(name=NAME, trouble=trouble(word, say), clock=clock)]


def trouble(word: SourceReport, say: Catalog) -> str:
    return say.titles.an_outage if word.says is Health.DOWN else say.titles.trouble


def _pick(incident: Incident, if_down: str, if_partly: str, if_slow: str) -> str:
    if incident.health is Health.DOWN:
        return if_down
    return if_slow if only_slow(incident) else if_partly


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
