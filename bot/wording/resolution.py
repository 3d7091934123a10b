"""Wording of an incident's end: restored, retracted or no longer watched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from itertools import islice

from bot.model import OURSELVES, Change, Health, Incident, Role, Service, Text
from bot.wording.evidence import lag, source_name
from bot.wording.text import ITEMS, NAME, capital, fit, foreign, quoted, sentences, shorten, stop
from bot.wording.times import Reader
from bot.wording.titles import began, name_of, only_slow, sure, theirs_alone, times

Open = tuple[Service, Incident]


class Others:
    """Open incidents among the services a reader follows, by health and certainty. Grouped once for all simultaneous
    endings, as there may be thousands. `followed`: how many services that are; None: several.
    """

    def __init__(self, found: Iterable[Open] = (), followed: int | None = None) -> None:
        self.followed = followed
        self.down: dict[str, Open] = {}
        self.partly: dict[str, Open] = {}
        self.perhaps: dict[str, Open] = {}
        for service, incident in found:
            over = incident.until is not None or incident.retracted or incident.only_worn
            if service.id != OURSELVES and not over:
                self._group(incident)[service.id] = service, incident

    def drop(self, service: str) -> None:
        """Leave out a service whose incident is over."""
        for group in (self.down, self.partly, self.perhaps):
            group.pop(service, None)

    def _group(self, incident: Incident) -> dict[str, Open]:
        if not sure(incident):
            return self.perhaps
        return self.down if incident.health is Health.DOWN else self.partly


def restored(change: Change, service: Service, to: Reader, others: Others | None) -> Text:
    """`others`: open incidents that the reader follows; None: do not mention others."""
    incident = change.incident
    if service.id == OURSELVES:
        return _blind(incident, incident.until or change.at, to)
    others_now = [] if others is None else rest(others, service, to)
    return Text(fit(name_of(service), *_restored_forms(change, to)), restored_lines(incident, to, *others_now))


def restored_lines(incident: Incident, to: Reader, *others: str) -> tuple[str, ...]:
    """The lines below the title. `others`: sentences about other incidents."""
    worn = incident.only_worn
    lines = (sentences("" if worn else official_part(incident, to), *others), "" if worn else last_word(incident, to))
    return tuple(line for line in lines if line)


def _blind(incident: Incident, until: datetime, to: Reader) -> Text:
    whole = to.say.changes.machine_well_again if incident.unstable_since else to.say.changes.online_again
    brief = to.say.changes.online_again_brief.format(length=to.length(incident.since, until), until=to.point(until))
    whole = whole.format(span=to.span(incident.since, until))
    return Text(fit("", whole, brief), (stop(to.say.resolution.nothing_known),))


def _restored_forms(change: Change, to: Reader) -> list[str]:
    incident, say = change.incident, to.say
    start, end = began(incident), change.incident.until or change.at
    since, until = to.points(start, end)
    facts = {
        "name": NAME,
        "since": since,
        "until": until,
        "span": to.span(start, end),
        "length": to.length(start, end),
        "times": times(incident, say),
    }
    return [form.format(**facts) for form in _restored(incident, to)]


def _restored(incident: Incident, to: Reader) -> tuple[str, ...]:
    say, was_down = to.say, max(incident.worst, incident.health) is Health.DOWN
    if incident.only_worn:
        return (say.certificates.over,)
    if theirs_alone(incident):
        return say.changes.official_over, say.changes.official_over_brief
    if not sure(incident):
        return (
            say.changes.perhaps_restored if was_down else say.changes.perhaps_restored_partly,
            say.changes.perhaps_restored_brief,
        )
    if incident.unstable_since:
        return say.changes.stable, say.changes.stable_brief
    if was_down:
        return say.changes.restored, say.changes.restored_span, say.changes.restored_brief
    if only_slow(incident):
        return say.changes.restored_slow, say.changes.restored_slow_span, say.changes.restored_brief
    return say.changes.restored_partly, say.changes.restored_partly_span, say.changes.restored_brief


def retracted(change: Change, service: Service, to: Reader) -> Text:
    """Unconfirmed trouble that went away, or an incident that a person retracted."""
    incident, say, name = change.incident, to.say, name_of(service)
    if not sure(incident) and not incident.retracted:
        forms = (
            (say.changes.unconfirmed, say.changes.unconfirmed_brief)
            if service.routes
            else (say.changes.unconfirmed_brief,)
        )
        candidates = [f.format(name=NAME, since=since) for since in to.since(began(incident)) for f in forms]
        return Text(fit(name, *candidates))
    was_down = sure(incident) and max(incident.worst, incident.health) is Health.DOWN
    title = fit(name, (say.changes.was_not_down if was_down else say.changes.had_no_trouble).format(name=NAME))
    by = foreign(change.by, 40)
    lines = (
        _taken_back(change, to),
        say.resolution.corrected_by.format(by=by) if by else "",
        capital(foreign(change.why)),
    )
    return Text(title, tuple(stop(line) for line in lines if line))


def _taken_back(change: Change, to: Reader) -> str:
    """The correction: of an open incident, or of one that was over."""
    incident, start = change.incident, began(change.incident)
    if incident.until is None or incident.until >= change.at:
        return to.say.resolution.corrected.format(since=to.point(start))
    return to.say.resolution.corrected_span.format(span=to.span(start, incident.until))


def unwatched(change: Change, service: Service, to: Reader) -> Text:
    """The service is no longer watched, so it is neither called down nor up."""
    say, name = to.say.resolution, name_of(service)
    forms = [say.unwatched.format(name=NAME, since=since) for since in to.since(began(change.incident))]
    return Text(fit(name, *forms, say.unwatched_brief.format(name=NAME)), (stop(say.unwatched_line),))


def official_part(incident: Incident, to: Reader) -> str:
    """Whether and when the official page reported it. Empty if there is no page or it could not be read."""
    say = to.say
    if incident.official_at:
        at = to.point(incident.official_at)
        if abs(incident.official_at - incident.since).total_seconds() < 60:
            return say.resolution.official_at.format(at=at)
        return say.resolution.official_compared.format(at=at, lag=lag(incident, incident.official_at, to))
    pages = [w for w in incident.reports if w.role is Role.OFFICIAL]
    return say.resolution.official_never if pages and all(w.says is Health.UP for w in pages) else ""


def last_word(incident: Incident, to: Reader) -> str:
    """The official page's last report of trouble and its address. Empty if it never reported any."""
    word, say = incident.official_last, to.say
    headline = foreign(word.headline) if word else ""
    if word is None or not headline:
        return ""
    stands = any(
        w.role is Role.OFFICIAL and (w.says, w.headline) == (word.says, word.headline) for w in incident.reports
    )
    form = say.resolution.still_says if stands else say.resolution.last_word
    said = form.format(source=source_name(word, to), headline=quoted(headline, say))
    return say.resolution.linked.format(sentence=said, link=word.link) if word.link else stop(said)


def rest(others: Others, ended: Service, to: Reader) -> list[str]:
    """Other open incidents, by health and certainty; "all up" only if there are none, but others are followed."""
    say = to.say
    groups = (
        (say.resolution.others_down, others.down),
        (say.resolution.others_partly_down, others.partly),
        (say.resolution.others_perhaps, others.perhaps),
    )
    named = [(form, _named({id_: one for id_, one in group.items() if id_ != ended.id}, to)) for form, group in groups]
    found = [form.format(list=names) for form, names in named if names]
    return found or ([say.resolution.all_up] if others.followed != 1 else [])


def still_open(others: Others, told: Collection[str], to: Reader) -> list[str]:
    """Lines about open incidents other than those in `told`, by id."""
    say = to.say.resolution
    groups = ((say.others_down, others.down), (say.others_partly_down, others.partly))
    left = [(form, {key: one for key, one in group.items() if one[1].id not in told}) for form, group in groups]
    return [stop(form.format(list=_named(group, to))) for form, group in left if group]


def _named(group: Mapping[str, Open], to: Reader) -> str:
    """The first few names, and the number of the rest."""
    names = [
        to.say.resolution.other.format(name=shorten(name_of(s), 60), since=to.point(i.unstable_since or i.since))
        for s, i in islice(group.values(), ITEMS)
    ]
    head, left = to.say.lists.comma.join(names), len(group) - len(names)
    return to.say.lists.more.format(head=head, count=left) if left else head
