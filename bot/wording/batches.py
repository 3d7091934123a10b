"""Several incidents in one message: catch-ups and storms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.model import (
    OURSELVES,
    Batch,
    BatchItem,
    Button,
    Change,
    ChangeKind,
    Health,
    Incident,
    Notice,
    Service,
    Text,
    Tone,
    delivering,
)
from bot.wording.catalog import Catalog
from bot.wording.evidence import own_plans
from bot.wording.links import overview
from bot.wording.maintenance import title_of_many
from bot.wording.resolution import Others, still_open
from bot.wording.text import NAME, TITLE, fit, stop
from bot.wording.times import Reader, reader
from bot.wording.titles import began, name_of, only_slow, present, sure, theirs_alone

Outage = tuple[datetime, datetime | None]
LINES = 20  # incidents listed; the status page has all of them
DETAILED = 8  # up to this many incidents are told with their evidence and plan
BUTTONS = 5  # up to this many can be acknowledged by a button
MOST = 0.75  # share of the incidents that a common cause must cover to be named
ON, AT = "on:", "at:"  # prefixes of causes: a service it depends on, a host or network that serves it
CHANNELS = delivering("")  # suffix of the services that stand for channels
GOOD, BAD, PLANNED, UNKNOWN = "🟢", "🟠", "🛠", "⚪"


def line(change: Change, service: Service, to: Reader) -> str:
    """The state of an incident in one line with its colour."""
    incident = change.incident
    if change.kind is not ChangeKind.RESTORED:
        return present(incident, service, to)
    span = to.span(began(incident), incident.until or change.at)
    return f"{GOOD} {fit(name_of(service), _was(incident, to.say).format(name=NAME, span=span))}"


def _ours(service: str) -> bool:
    return service.endswith(CHANNELS) or service == OURSELVES


def _was(incident: Incident, say: Catalog) -> str:
    if not sure(incident) or theirs_alone(incident):
        return say.batches.was_perhaps
    if incident.only_worn:
        return say.certificates.was
    if incident.unstable_since:
        return say.batches.was_unstable
    if max(incident.worst, incident.health) is Health.DOWN:
        return say.batches.was_down
    return say.batches.was_slow if only_slow(incident) else say.batches.was_partly_down


def many(
    gathering: Batch, now: datetime, outage: Outage | None = None, others: Others | None = None, site: str = ""
) -> Notice:
    """One message for all items of `gathering`. `outage`: the latest outage of its kind of channel; `others`: the open
    incidents that the reader follows; `site`: the public address of our pages.
    """
    to = reader(gathering.style, now)
    # Outages of our own, or of our channels, concern no followed service: they come last and are not counted.
    ours = [one for one in gathering.items if _ours(_service(one))]
    theirs = [one for one in gathering.items if one not in ours]
    if ours and theirs:
        gathering = replace(gathering, items=tuple(theirs))
    over = all(one.ends for one in gathering.items)
    every = (*theirs, *ours)
    if gathering.late:
        title, why = _missed(gathering, to, outage)
    else:
        title, why = _storm(gathering.items, to, now, ours=not theirs), []
    rows = _rows(every, title)
    left = len(every) - LINES
    rest = [stop(to.say.batches.more.format(count=left))] if left > 0 else []
    shared = [one for one in gathering.items if not one.planned]
    still = still_open(others, {one.thread for one in every}, to) if others and theirs and shared and over else []
    words = Text(title, (*why, *_common(shared, to.say), *still, *rows, *rest))
    return Notice(
        gathering.key,
        gathering.thread,
        Tone.INFO if not shared else Tone.UP if over else Tone.DOWN,
        words,
        root=words,
        fresh=gathering.first,
        at=max((one.at for one in gathering.items if one.at), default=now),
        style=gathering.style,
        buttons=_buttons(shared, to.say),
        plans=_plans(others),
        links=overview(site, to.say) if theirs else (),
    )


def _rows(items: Sequence[BatchItem], title: str) -> list[str]:
    """A line for each; where they are few, with its evidence and plan below."""
    told = items[:LINES]
    detailed = [one for one in told if one.detail and not one.ends and not _ours(_service(one))]
    rows: list[str] = []
    for one in told:
        rows += [one.text] if _bare(one) not in title else []
        rows += [one.detail] if one in detailed and len(detailed) <= DETAILED else []
    return rows


def _buttons(items: Sequence[BatchItem], say: Catalog) -> tuple[Button, ...]:
    """One to acknowledge each open incident, where they are few."""
    keys = [one.thread for one in items if not one.ends and " " not in one.thread and not _ours(_service(one))]
    label = say.buttons.acknowledge_one
    return tuple(
        Button(label.format(service=key.rpartition("#")[0]), f"ack {key}") for key in keys if len(keys) <= BUTTONS
    )


def _service(one: BatchItem) -> str:
    return one.thread.rpartition("#")[0]


def missed(notice: Notice, channel: str, now: datetime, outage: Outage | None, *, deferred: bool) -> Notice:
    """A single late notice: a restoration says so in its title, others in an extra line."""
    to = reader(notice.style, now)
    title = ""
    if notice.kind is ChangeKind.RESTORED and (deferred or (outage and outage[1])):
        told = BatchItem(notice.thread, notice.line, ends=True, at=notice.at)
        title = _titled(_what_kept(to, channel, notice.since or now, outage, deferred=deferred), _bare(told), GOOD)
    if title and len(title) <= TITLE:
        return replace(notice, words=replace(notice.words, title=title))
    said = _why_late(to, channel, outage, deferred=deferred)
    return replace(notice, words=replace(notice.words, lines=(said, *notice.words.lines)))


def _why_late(to: Reader, channel: str, outage: Outage | None, *, deferred: bool) -> str:
    if deferred:
        return stop(to.say.batches.late_quiet_hours)
    name = _channel(channel, to.say)
    if outage and outage[1]:
        return stop(to.say.batches.late_down.format(channel=name, span=to.span(outage[0], outage[1])))
    return stop(to.say.failover.late.format(channel=name))


def _missed(gathering: Batch, to: Reader, outage: Outage | None) -> tuple[str, list[str]]:
    """The title of a catch-up, and the line that says why it is late if that is not in the title."""
    kind, items, deferred = gathering.destination.kind, gathering.items, gathering.deferred
    if outage and (outage[1] is None or outage[1] < gathering.since):
        outage = None
    form = _what_kept(to, kind, gathering.since, outage, deferred=deferred)
    outages = [one for one in items if not one.planned]
    mark = PLANNED if not outages else GOOD if all(one.ends for one in outages) else BAD
    if len(items) == 1 and len(title := _titled(form, _bare(items[0]), mark)) <= TITLE:
        return title, []
    if len(outages) == 1:  # it is what a lock screen has to show
        return fit("", outages[0].text), [_why_late(to, kind, outage, deferred=deferred)]
    count = len(outages) or len(items)
    what = (to.say.batches.incidents if outages else to.say.maintenance.notices).format(count=count)
    return fit("", _titled(form, what, mark)), []


def _what_kept(to: Reader, channel: str, since: datetime, outage: Outage | None, *, deferred: bool) -> str:
    say = to.say.batches
    if deferred:
        return say.missed_quiet_hours
    if outage and outage[1]:
        return say.missed_down.replace("{channel}", _channel(channel, to.say)).replace(
            "{span}", to.span(outage[0], outage[1])
        )
    return say.missed_late.replace("{channel}", _channel(channel, to.say)).replace("{since}", to.point(since))


def _titled(form: str, what: str, mark: str) -> str:
    return form.replace("{mark}", mark).replace("{what}", what)


def _bare(one: BatchItem) -> str:
    """The item's text without its colour mark."""
    mark, _, rest = one.text.partition(" ")
    return rest if not mark.isascii() else one.text


def _storm(lines: tuple[BatchItem, ...], to: Reader, now: datetime, *, ours: bool) -> str:
    """The title of a storm. `ours`: it contains only our own channels, which are not services."""
    if all(one.planned for one in lines):
        return title_of_many(len(lines), to)
    lines = tuple(one for one in lines if not one.planned)  # planned maintenance is not trouble
    if len(lines) == 1:
        return fit("", lines[0].text)
    say, left, every = to.say.batches, _services(one for one in lines if not one.ends), _services(lines)
    if left == every == 1:
        return fit("", next(one.text for one in lines if not one.ends))
    since = to.point(min((one.since for one in lines if one.since), default=now))
    if not left:
        well = [one for one in lines if one.well]
        if not well:
            return fit("", f"{UNKNOWN} {say.incidents.format(count=len(lines))}")
        until = to.clock(max((one.at for one in well if one.at), default=now))
        return fit("", (say.channels_over if ours else say.storm_over).format(count=_services(well), until=until))
    all_, some = (say.channels, say.channels_partly_over) if ours else (say.storm, say.storm_partly_over)
    form = all_ if left == every else some
    return fit("", form.format(count=left, all=every, since=since))


def _services(lines: Iterable[BatchItem]) -> int:
    """The number of different services: one may have been down twice."""
    return len({one.thread.rpartition("#")[0] for one in lines})


def _common(lines: Sequence[BatchItem], say: Catalog) -> list[str]:
    """The line that names a cause shared by all or most of them."""
    shared = Counter(cause for one in lines for cause in set(one.causes))
    if not shared:
        return []
    cause, number = max(shared.items(), key=lambda item: (item[1], item[0].startswith(ON)))
    if number < max(MOST * len(lines), 2):
        return []
    every = number == len(lines)
    depend = say.batches.all_depend if every else say.batches.most_depend
    served = say.batches.all_served_from if every else say.batches.most_served_from
    return [stop((depend if cause.startswith(ON) else served).format(cause=cause.partition(":")[2]))]


def _plans(others: Others | None) -> tuple[str, ...]:
    """The operators' plans that may stand in the text."""
    groups = (others.down, others.partly, others.perhaps) if others else ()
    return own_plans(*(service for group in groups for service, _ in group.values()))


def _channel(kind: str, say: Catalog) -> str:
    return say.channel_names.get(kind, kind)
