"""Wording of our own health: channels that failed, destinations that refuse messages, and Tocsin itself.

And the lines of notices that were sent late, by another channel, or without the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zlib import crc32

from bot.model import (
    ChangeKind,
    Confidence,
    Delivery,
    DeliveryAction,
    Destination,
    Incident,
    Notice,
    Outcome,
    Overview,
    Reading,
    Reason,
    Service,
    ServiceState,
    Style,
    Text,
    Tone,
    delivering,
)
from bot.model.cluster import ClusterView
from bot.wording.catalog import Catalog, catalog
from bot.wording.commands import typed
from bot.wording.reasons import WHOLE, advice, provider_code, reason
from bot.wording.text import NAME, capital, channel_name, clean, fit, listed, sentences, stop, unlinked
from bot.wording.times import Reader, reader
from bot.wording.titles import name_of, present, sure

STANDS = frozenset(
    {ChangeKind.OPENED, ChangeKind.CONFIRMED, ChangeKind.WORSENED, ChangeKind.EASED, ChangeKind.REMINDED}
)
HARMLESS = frozenset({"witnesses"})  # parts without which all notices are still sent in time


def channel_service(kind: str, routes: tuple[str, ...], language: str) -> Service:
    """The health of a kind of channel as a service: "Slack delivery"."""
    say = catalog(language)
    name = (
        say.channel_health.name_email
        if kind == "email"
        else capital(say.channel_health.name.format(channel=channel_name(kind, say)))
    )
    return Service(delivering(kind), name, routes, channel=kind)


def in_language(service: Service, language: str) -> Service:
    """The service with its name translated, if the name is ours and not from the config."""
    return channel_service(service.channel, service.routes, language) if service.channel else service


def failing(incident: Incident, to: Reader) -> tuple[str, ...]:
    """Why messages do not get through, without the remedy, which concerns only admins."""
    say = to.say
    parts = [_link(r, to) for r in incident.readings if r.outcome is Outcome.FAILED]
    if sure(incident) and incident.confirmed_at:
        parts.append(say.evidence.confirmed.format(at=to.point(incident.confirmed_at)))
    return sentences(*parts), stop(say.channel_health.next_rung)


def _link(reading: Reading, to: Reader) -> str:
    form = to.say.channel_health.messages if reading.route == "messages" else to.say.channel_health.api
    return form.format(why=reason(reading.why, to.say, WHOLE))


def advised(notice: Notice, incident: Incident) -> Notice:
    """The notice for admins, with the remedy added."""
    if notice.kind not in STANDS:
        return notice
    say = catalog(notice.style.language)
    remedies = dict.fromkeys(advice(r.why, say) for r in incident.readings)
    lines = tuple(stop(say.channel_health.to_do.format(advice=text)) for text in remedies if text)
    root = notice.root and _with(notice.root, lines)
    return replace(notice, words=_with(notice.words, lines), root=root)


def _with(words: Text, lines: tuple[str, ...]) -> Text:
    return replace(words, lines=(*words.lines, *lines))


def takes_nothing(
    place: Destination, why: Reason, readers: Sequence[str], style: Style, now: datetime, *, undeliverable: bool = False
) -> Notice:
    """For admins: a destination refuses all messages, and which audiences miss them. The same key all day.
    `undeliverable`: from now on it gets no digest.
    """
    say = catalog(style.language)
    title, lines = _titled(place, why, say.channel_health.refused_code, say.channel_health.refused, say), _why(why, say)
    if readers:
        lines.append(stop(say.channel_health.who_misses_all.format(names=listed([clean(r, 40) for r in readers], say))))
    if undeliverable:
        lines.append(stop(say.digest_lists.no_more.format(command=typed("digests", style))))
    return _to_admins(f"refused:{_told_apart(place)}:{now:%Y-%m-%d}", Text(title, tuple(lines)), style, now)


def not_taken(delivery: Delivery, why: Reason, readers: Sequence[str], style: Style, now: datetime) -> Notice:
    """For admins: a destination refused one message, and which audiences miss it. The same key for each message refused
    for the same reason, whatever the numbers in it, as they may identify the message.
    """
    say, place = catalog(style.language), delivery.destination
    title, lines = (
        _titled(place, why, say.channel_health.not_taken_code, say.channel_health.not_taken, say),
        _why(why, say),
    )
    lines.append(say.channel_health.not_taken_message.format(title=clean(delivery.notice.words.title, WHOLE)))
    if readers and delivery.action is DeliveryAction.POST:
        lines.append(stop(say.channel_health.who_misses_it.format(names=listed([clean(r, 40) for r in readers], say))))
    sort = crc32(f"{why.code} {why.provider_code} {_without_digits(why)}".encode(errors="replace"))
    return _to_admins(f"not-taken:{_told_apart(place)}:{sort:08x}", Text(title, tuple(lines)), style, now)


def _without_digits(why: Reason) -> str:
    texts = (fact for _, fact in why.facts if isinstance(fact, str))
    return "".join(letter for letter in " ".join(texts) if not letter.isdecimal())


def _to_admins(thread: str, words: Text, style: Style, now: datetime) -> Notice:
    return Notice(f"{thread}/1", thread, Tone.DEGRADED, words, at=now, style=style)


def _told_apart(place: Destination) -> str:
    """A destination's name with a checksum to tell it from others: of a URL only a part is shown, as it may hold a
    password.
    """
    return f"{clean(place.shown, 60)}:{crc32(str(place).encode()):08x}"


def _why(why: Reason, say: Catalog) -> list[str]:
    lines = [stop(say.channel_health.refused_why.format(why=reason(why, say, WHOLE)))]
    return lines + [stop(say.channel_health.to_do.format(advice=text)) for text in (advice(why, say),) if text]


def _titled(place: Destination, why: Reason, with_code: str, plain: str, say: Catalog) -> str:
    code = provider_code(why, say)
    facts = {"channel": capital(channel_name(place.kind, say)), "name": NAME}
    forms = [with_code.format(code=clean(code, 40), **facts)] if code else []
    return fit(clean(place.shown, 60), *forms, plain.format(**facts))


def channels(overview: Overview, style: Style) -> tuple[tuple[str, str], ...]:
    """Health and one line for each channel in trouble; otherwise a single line, once all were checked."""
    to = reader(style, overview.at)
    rows = [row for service, state in overview.channels if (row := _row(service, state, to))]
    own = {service.channel for service, state in overview.channels if state.incident}
    rows += [("down", _counted(kind, since, to)) for kind, since in overview.down.items() if kind not in own]
    looked = all(state.up_since and not state.unseen_since for _, state in overview.channels)
    if not rows and overview.channels and looked and overview.offline_since is None:
        return (("up", stop(to.say.channel_health.all_work)),)
    return tuple(rows)


def _row(service: Service, state: ServiceState, to: Reader) -> tuple[str, str] | None:
    incident = state.incident
    if incident is None:
        return None
    health = incident.health.name.lower() if incident.confidence is Confidence.CONFIRMED else "possible"
    return health, present(incident, in_language(service, to.say.language), to)


def _counted(kind: str, since: datetime, to: Reader) -> str:
    """The line of a channel that counts as down because its service is down."""
    service = channel_service(kind, (), to.say.language)
    return fit(
        name_of(service), *(to.say.channel_health.counts_as_down.format(name=NAME, since=s) for s in to.since(since))
    )


def unanswered(notice: Notice, channel: str, since: datetime, now: datetime) -> Notice:
    """`channel`: the kind that has not accepted the notice since `since`."""
    to = reader(notice.style, now)
    return _headed(notice, to.say.failover.no_answer.format(channel=channel_name(channel, to.say), at=to.point(since)))


def dead(notice: Notice, channel: str, since: datetime, now: datetime) -> Notice:
    """`channel`: the kind that has been down since `since`."""
    to = reader(notice.style, now)
    return _headed(notice, to.say.failover.down.format(channel=channel_name(channel, to.say), at=to.point(since)))


def refused(notice: Notice, channel: str, why: Reason) -> Notice:
    """`channel`: the kind that refused the notice; `why`: the reason in its receipt, of which readers get no advice."""
    say = catalog(notice.style.language)
    said = unlinked(reason(why, say))
    return _headed(notice, say.failover.refused.format(channel=channel_name(channel, say), why=said))


def _headed(notice: Notice, line: str) -> Notice:
    notice = notice.delayed()
    return replace(notice, words=replace(notice.words, lines=(stop(line), *notice.words.lines)))


Wrong = tuple[str, Reason, datetime]  # part, fault, start


def unwell(wrong: Sequence[Wrong], style: Style, now: datetime, *, still: bool = False) -> Text:
    """For admins: our own faults."""
    to = reader(style, now)
    say = to.say.own_health
    title = (say.still_trouble if still else say.trouble).format(since=to.point(min(since for *_, since in wrong)))
    lines = [to.say.own_troubles[part].format(why=reason(why, to.say, WHOLE)) for part, why, _ in wrong]
    ends = () if {part for part, *_ in wrong} <= HARMLESS else (say.consequence,)
    return Text(title, tuple(stop(line) for line in dict.fromkeys((*lines, *ends))))


def well_again(since: datetime, style: Style, now: datetime) -> Text:
    to = reader(style, now)
    return Text(to.say.own_health.well_again.format(span=to.span(since, now)))


def banner(parts: Mapping[str, datetime], style: Style, now: datetime) -> str:
    """For readers of a page: the state shown may be outdated. Empty while we are healthy."""
    if not parts:
        return ""
    to = reader(style, now)
    names = listed([to.say.own_parts[part] for part in parts], to.say, len(parts))
    return stop(to.say.own_health.banner.format(since=to.point(min(parts.values())), parts=names))


def nodes(cluster: ClusterView, style: Style, now: datetime) -> str:
    """For readers: which nodes are up, and what is amiss with the others. Empty where there are not several."""
    if len(cluster.nodes) < 2:
        return ""
    to = reader(style, now)
    say = to.say.nodes
    late = [
        say.silent_since.format(name=node.name, since=to.point(now - timedelta(seconds=node.age)))
        for node in cluster.nodes
        if not node.alive
    ]
    kinds = {
        say.up: [node.name for node in cluster.nodes if node.alive],
        say.silent: late,
        say.blind: [node.name for node in cluster.nodes if node.alive and node.blind],
        say.differing: list(cluster.differing),
    }
    parts = [form.format(names=listed(names, to.say)) for form, names in kinds.items() if names]
    return stop(say.next.join(parts))


def may_repeat(words: Text, style: Style, now: datetime) -> Text:
    """A notice sent without the database, with the hint that it may be repeated later."""
    return replace(words, lines=(*words.lines, stop(reader(style, now).say.own_health.may_repeat)))


def sent_late(words: Text, style: Style, due: datetime) -> Text:
    to = reader(style, due)
    return replace(words, lines=(*words.lines, stop(to.say.own_health.sent_late.format(at=to.point(due)))))
