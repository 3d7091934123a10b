"""The commands `subscribe`, `unsubscribe` and `subscriptions`. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from bot import wording
from bot.chat import digests, times
from bot.chat.context import CommandContext, Response, Subscribe, Unsubscribe
from bot.model import Confidence, Subscription, SubscriptionFilter, Topic
from bot.wording.catalog import fold, input_words

TOPICS = frozenset(topic.value for topic in Topic)
LONGEST = timedelta(days=31)  # that an incident can be asked to last before it is told
JOINING = frozenset({"and", "y", "e", "et", "und"})  # between names that are listed


@dataclass(slots=True)
class _Said:
    """What a line asks for: services by id (empty: all), and options."""

    services: list[str] = field(default_factory=list)
    topics: set[Topic] = field(default_factory=set)
    options: SubscriptionFilter = field(default_factory=SubscriptionFilter)
    excepted: list[str] = field(default_factory=list)  # of all
    excepting: bool = False  # what follows is excepted
    unknown: str = ""  # the first word that means nothing here

    @property
    def filter(self) -> SubscriptionFilter:
        services, excepted = tuple(dict.fromkeys(self.services)), tuple(dict.fromkeys(self.excepted))
        return replace(
            self.options,
            services=services,
            but=() if services else excepted,
            topics=frozenset(self.topics) or self.options.topics,
        )


def subscribe(context: CommandContext) -> Response:
    """Subscribe the place to services (none named: all) with these options, which replace earlier ones of theirs; or
    to a digest.
    """
    if (response := digests.subscribe(context)) is not None:
        return response
    said = _read(context)
    if said.unknown:
        return context.unknown_service(said.unknown)
    wanted, held = said.filter, context.subscription
    filters = added(held.filters if held else (), wanted)
    subscription = Subscription(context.ask.where, filters, context.ask.who, context.ask.at)
    reply = wording.subscribed(wanted, _names(context), context.style, context.ask.at)
    return Response(reply, (Subscribe(subscription),))


def unsubscribe(context: CommandContext) -> Response:
    """Take services off the place's subscription; without one named, or with none left, end it. Or end that to digests."""
    if (response := digests.unsubscribe(context)) is not None:
        return response
    held = context.subscription
    if held is None:
        return Response(wording.not_subscribed(_here(context), _names(context), context.ask.at))
    said = _read(context)
    if said.unknown:
        return context.unknown_service(said.unknown)
    gone, names = tuple(dict.fromkeys(said.services)), _names(context)
    reply = wording.unsubscribed([names[service] for service in gone], context.style)
    left = without(held.filters, gone) if gone else ()
    if not any(one.follows(service.id) for one in left for service, _ in context.overview.services):
        return Response(reply, (Unsubscribe(held.destination),))
    return Response(reply, (Subscribe(replace(held, filters=left)),))


def subscriptions(context: CommandContext) -> Response:
    """All that holds in this place."""
    words = wording.subscriptions(context.subscription, _here(context), _names(context), context.ask.at)
    return Response(replace(words, lines=(*words.lines, *digests.lines(context))))


def _here(context: CommandContext) -> wording.PlaceView:
    place = context.ask.where
    quiet = next((one.quiet_at(place) for one in context.configured), context.settings.quiet)
    return wording.PlaceView(place, context.style, quiet, context.configured)


def added(held: tuple[SubscriptionFilter, ...], wanted: SubscriptionFilter) -> tuple[SubscriptionFilter, ...]:
    """The filters after a subscription: each service has the options it was last given, and is in one filter."""
    if not wanted.services:
        return (wanted,)
    left = without(held, wanted.services)
    for n, one in enumerate(left):
        if one.alike(wanted):
            back = tuple(service for service in one.but if service not in wanted.services)
            joined = (
                replace(one, but=back) if not one.services else replace(one, services=one.services + wanted.services)
            )
            return (*left[:n], joined, *left[n + 1 :])
    return (*left, wanted)


def without(held: tuple[SubscriptionFilter, ...], gone: tuple[str, ...]) -> tuple[SubscriptionFilter, ...]:
    """The filters without these services."""
    return tuple(_fewer(held, gone))


def _fewer(held: tuple[SubscriptionFilter, ...], gone: tuple[str, ...]) -> Iterator[SubscriptionFilter]:
    for one in held:
        if not one.services:
            yield replace(one, but=tuple(dict.fromkeys((*one.but, *gone))))
        elif left := tuple(service for service in one.services if service not in gone):
            yield replace(one, services=left)


def _read(context: CommandContext) -> _Said:
    """Names of services, of one word or several, "all except x", topics, a confidence, and "after 10m", in any order."""
    said = _Said()
    left = context.words if context.service else tuple(word for w in context.words if (word := w.strip(",;")))
    while left and not said.unknown:
        service, _, rest = context.split(left)
        if service is not None:
            (said.excepted if said.excepting else said.services).append(service.id)
            left = rest
        else:
            left = _option(said, left)
    return said


def _option(said: _Said, left: tuple[str, ...]) -> tuple[str, ...]:
    """Take an option off the front of the words; return the words after it."""
    word = fold(left[0])
    if word in TOPICS:
        said.topics.add(Topic(word))
    elif word.upper() in Confidence.__members__:
        said.options = replace(said.options, confidence=Confidence[word.upper()])
    elif word in input_words("after") and (lasting := times.taken(left[1:])):
        said.options = replace(said.options, for_at_least=min(lasting[0], LONGEST))
        return lasting[1]
    elif word in input_words("except"):
        said.excepting = True
    elif word not in JOINING and word not in input_words("all"):
        said.unknown = left[0]
    return left[1:]


def _names(context: CommandContext) -> dict[str, str]:
    return {service.id: service.name for service, _ in context.known}
