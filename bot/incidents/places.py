"""What people set in chats: the subscriptions, and how each place is written to. Kept as the database has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.incidents.digest_readers import DigestReaders
from bot.model import Destination, PlaceSettings, Subscription
from bot.store import Store

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
