"""Settings as the recorder needs them: of services and readers from the config, and what people set in chats."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from bot.model import (
    Audience,
    Delivery,
    DeliveryAction,
    Destination,
    Digest,
    DigestReader,
    DigestReaderState,
    PlaceSettings,
    Reason,
    Rules,
    Service,
    Style,
    Subscription,
    Undeliverable,
    Weekly,
    Window,
)
from bot.model.digests import THREAD
from bot.model.links import CONFIRM_FOR, NAME, UNSUBSCRIBE_FOR, LinkPurpose, SignedLink, opened, signed
from bot.notify.routing import readers
from bot.store import DigestReaderStore, Store
from bot.wording import digest_lists

NOTHING_SET = PlaceSettings()


class Places:
    def __init__(self, store: Store) -> None:
        self._store = store.subscriptions
        self.digests = DigestReaders(store)
        self.subscriptions: tuple[Subscription, ...] = ()
        self.settings: Mapping[Destination, PlaceSettings] = {}

    async def load(self) -> None:
        self.settings = await self._store.places()
        self.subscriptions = await self._store.subscriptions()
        await self.digests.load()

    async def subscribe(self, wish: Subscription) -> None:
        await self._store.subscribe(wish)
        self.subscriptions = await self._store.subscriptions()

    async def unsubscribe(self, place: Destination) -> bool:
        """End a subscription; False if there was none."""
        gone = await self._store.unsubscribe(place)
        self.subscriptions = await self._store.subscriptions()
        return gone

    async def set(self, place: Destination, settings: PlaceSettings) -> None:
        """Write to a place in another way from now on."""
        await self._store.set_place(place, settings)
        self.settings = await self._store.places()

    def of(self, place: Destination) -> PlaceSettings:
        return self.settings.get(place, NOTHING_SET)

    def subscription(self, place: Destination) -> Subscription | None:
        return next((one for one in self.subscriptions if one.destination == place), None)

    def waits(self, service: str) -> frozenset[timedelta]:
        """Ages of an incident of this service that some subscription waits for."""
        filters = (one for subscription in self.subscriptions for one in subscription.filters)
        return frozenset(one.for_at_least for one in filters if one.for_at_least and one.follows(service))


@dataclass(frozen=True, slots=True)
class OurPage:
    """Our page, as a mail names it. `url`: without a slash at its end."""

    url: str
    title: str


class DigestReaders:
    def __init__(self, store: Store) -> None:
        self._opened = store
        self._secret = ""
        self.all: tuple[DigestReader, ...] = ()
        self._by_key: Mapping[tuple[str, Destination], DigestReader] = {}
        self.undeliverable: Mapping[Destination, Undeliverable] = {}

    @property
    def _store(self) -> DigestReaderStore:
        return self._opened.digest_readers

    async def load(self) -> None:
        """Read all anew; what has not changed stays the same object."""
        found = await self._store.all()
        dead = {one.destination: one for one in await self._store.undeliverable()}
        if found != self.all:
            self.all, self._by_key = found, {one.key: one for one in found}
        self.undeliverable = self.undeliverable if dead == self.undeliverable else dead

    def of(self, digest: str, *states: DigestReaderState) -> tuple[DigestReader, ...]:
        """The readers of a digest in these states; none given: confirmed."""
        wanted = states or (DigestReaderState.CONFIRMED,)
        return tuple(one for one in self.all if one.digest == digest and one.state in wanted)

    def find(self, digest: str, place: Destination) -> DigestReader | None:
        return self._by_key.get((digest, place))

    async def unwanted(self, delivery: Delivery, digests: Mapping[str, Digest]) -> str:
        """Why a digest that waits to be sent is not to be sent any more; empty if it is. The database is asked, as
        another process may have heard it.
        """
        name, place = delivery.audience, delivery.destination
        if not delivery.notice.thread.startswith(THREAD):
            return ""
        if name not in digests:
            return "there is no such digest any more"
        state, undeliverable = await self._store.standing(name, place)
        if undeliverable:
            return "it takes no mail any more"
        if place in digests[name].to or state is DigestReaderState.CONFIRMED:
            return ""
        return "it is no longer on its list" if state is None else "it has unsubscribed"

    # ── from chat ─────────────────────────────────────────────────────────────────────────────────────────────────────

    async def subscribe(self, digest: str, place: Destination, by: str, at: datetime) -> None:
        """Send a digest to a place from now on: those who manage it want it, so nobody has to confirm."""
        await self._store.put(DigestReader(digest, place, by, at, DigestReaderState.CONFIRMED, _name()))
        await self._store.unmark(place)
        await self.load()

    async def remove(self, digest: str, place: Destination) -> bool:
        """Forget a reader, whose links then lead nowhere; False if there was none."""
        gone = await self._store.remove(digest, place)
        await self.load()
        return gone

    async def ask(
        self, digest: Digest, place: Destination, by: str, at: datetime, *, page: OurPage, style: Style
    ) -> None:
        """Ask an address, by mail, to confirm that it wants a digest."""
        nonce, until = _name(), at + CONFIRM_FOR
        link = page.url + "/confirm/" + signed(SignedLink(LinkPurpose.CONFIRM, nonce, until), await self._key())
        notice = digest_lists.digest_request(digest, page.title, style, at, link=link, until=until)
        notice = replace(notice, key=f"digest-request:{nonce}/1", thread=f"digest-request:{nonce}")
        delivery = Delivery(f"{notice.key}@{place}", place, DeliveryAction.POST, notice)
        await self._store.put(
            DigestReader(digest.name, place, by, at, DigestReaderState.ASKED, _name(), nonce), [delivery]
        )
        await self._store.unmark(place)
        await self.load()

    async def retry(self, place: Destination) -> None:
        """Send to an address that took no mail again."""
        await self._store.unmark(place)
        await self.load()

    # ── from mails ────────────────────────────────────────────────────────────────────────────────────────────────────

    async def unsubscribe_link(self, reader: DigestReader, page: str, now: datetime) -> str:
        """The address at which a reader can unsubscribe."""
        until = (now + UNSUBSCRIBE_FOR).replace(hour=0, minute=0, second=0, microsecond=0)
        return (
            page + "/unsubscribe/" + signed(SignedLink(LinkPurpose.UNSUBSCRIBE, reader.link, until), await self._key())
        )

    async def reader(self, token: str, purpose: LinkPurpose, now: datetime) -> DigestReader | None:
        """The reader of a link; None for one that is forged, used, too old, or of a reader who was removed."""
        link = opened(token, await self._key(), purpose, now)
        if link is None:
            return None
        if purpose is LinkPurpose.CONFIRM:
            asked = await self._store.find(nonce=link.name)
            return asked if asked and asked.state is DigestReaderState.ASKED else None
        return await self._store.find(link=link.name)

    async def confirm(self, reader: DigestReader, at: datetime) -> bool:
        """Take a confirmation, once; False if another was first."""
        taken = await self._store.confirm(reader.nonce, at)
        await self.load()
        return taken is not None

    async def leave(self, reader: DigestReader, at: datetime) -> None:
        await self._store.move(
            reader.link, (DigestReaderState.ASKED, DigestReaderState.CONFIRMED), DigestReaderState.LEFT, at
        )
        await self.load()

    async def come_back(self, reader: DigestReader, at: datetime) -> None:
        await self._store.move(reader.link, (DigestReaderState.LEFT,), DigestReaderState.CONFIRMED, at)
        await self.load()

    async def mark(self, place: Destination, why: Reason, at: datetime) -> bool:
        """Note that an address takes no mail; False if that was known."""
        new = await self._store.mark(place, why, at)
        await self.load()
        return new

    async def _key(self) -> str:
        if not self._secret:
            self._secret = await self._store.secret(secrets.token_hex(32))
        return self._secret


def _name() -> str:
    return secrets.token_bytes(NAME).hex()


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of services and readers."""

    services: Mapping[str, Service]
    rules: Mapping[str, Rules]
    audiences: tuple[Audience, ...]
    editable: frozenset[str]  # kinds of channel that can edit messages
    channels: Mapping[str, Service] = field(default_factory=dict)  # kinds whose own health is watched, as services
    stand_ins: Mapping[str, str] = field(default_factory=dict)  # kind -> the service whose outage is the channel's too
    windows: tuple[Window, ...] = ()  # maintenance from the config: single windows ...
    weekly: tuple[Weekly, ...] = ()  # ... and weekly ones
    maintenance_before: timedelta = timedelta(hours=24)  # how long before its start maintenance is announced
    holds: Mapping[str, timedelta] = field(default_factory=dict)  # longest gap between two rounds of a service
    opened: frozenset[str] | None = None  # open kinds of channel; None: unknown
    admins: Audience | None = None  # notified of dead channels and of destinations that refuse messages
    rooms: frozenset[Destination] = frozenset()  # places in the config: people there may use commands
    public: bool = False  # anybody may use commands, anywhere
    style: Style = field(default_factory=Style)  # of places for which nobody has set one
    digests: Mapping[str, Digest] = field(default_factory=dict)
    page: OurPage | None = None  # our page, if it can be reached from elsewhere
    watched: Mapping[str, Service] = field(init=False, repr=False, compare=False)  # all that can have rounds, by id

    def __post_init__(self) -> None:
        watched = {**self.services, **{service.id: service for service in self.channels.values()}}
        object.__setattr__(self, "watched", watched)  # made once: with thousands of them it takes a while

    @property
    def site(self) -> str:
        """The public address of our pages, without a final slash; empty: none."""
        return next((service.site for service in self.services.values()), "")

    @property
    def ladders(self) -> Mapping[str, Audience]:
        """The audiences that have a ladder, by name."""
        return {reader.name: reader for reader in self.audiences if reader.ladder}

    def readers(
        self, subscriptions: Sequence[Subscription], places: Mapping[Destination, PlaceSettings]
    ) -> tuple[Audience, ...]:
        """The audiences and these subscriptions, written to as people set it in `places`."""
        return readers(self.audiences, subscriptions, places, self.style)

    def found(self, moved: Mapping[Destination, Destination]) -> Settings:
        """The settings with present addresses: `moved` maps old ones to new ones."""
        audiences = tuple(_found(audience, moved) for audience in self.audiences)
        digests = {d.name: replace(d, to=tuple(moved.get(at, at) for at in d.to)) for d in self.digests.values()}
        return replace(self, audiences=audiences, digests=digests, rooms=frozenset(moved.get(d, d) for d in self.rooms))


def _found(audience: Audience, moved: Mapping[Destination, Destination]) -> Audience:
    steps = tuple(replace(s, to=tuple(moved.get(d, d) for d in s.to)) for s in audience.escalations)
    return replace(audience, destinations=tuple(moved.get(d, d) for d in audience.destinations), escalations=steps)
