"""Wording of Tocsin's own health, and of messages sent late or without the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.model import Reason, Style, Text
from bot.model.cluster import ClusterView
from bot.wording.reasons import WHOLE, reason
from bot.wording.text import listed, stop
from bot.wording.times import reader

HARMLESS = frozenset({"witnesses"})  # parts without which all notices are still sent in time

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
