"""What of the shared work is ours: the contract, and its answer where nobody shares the database."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Protocol

from bot.model.cluster import Claim, ClusterView, Share
from bot.store.instance_lock import Hold

Changed = Callable[[frozenset[Share], frozenset[Share]], None]
"""Called when shares were won and lost, in this order."""


class Ownership(Protocol):
    """Our shares, as of the last look at the database. Each write that needs one checks it again."""

    @property
    def lost(self) -> asyncio.Event:
        """Set when somebody has taken our place altogether: this process has to end."""

    requeued: int  # deliveries that others had in hand when they died
    fenced: Counter[str]  # refused writes, by what they wrote

    def share_of(self, service: str) -> Share:
        """The share that a service belongs to."""

    def owns(self, share: Share) -> bool: ...

    def plays(self, share: Share) -> bool:
        """Whether to do for a role what writes nothing: until our lease is over, even if the database is away. A node that
        was the only one then goes on.
        """

    def epoch(self, service: str) -> int | None:
        """The epoch of a service that is ours: the same only while it was ours all the time. None if it is not."""

    def claim(self, service: str) -> Claim | None:
        """Our claim on a service, for its next write; None where nothing has to be claimed. Raise FencedError if it is
        not ours.
        """

    async def ours(self, share: Share) -> None:
        """Check before something outside the database is done for a share. Raise StoreUnavailable if it is not ours."""

    async def catch_up(self) -> None:
        """Wait a moment for our next look at the database if the last one is so old that others may have taken over."""

    async def offer(self, services: Collection[str] = (), roles: Collection[str] = ()) -> None:
        """Tell what we can do besides what we told before, and take what is free. May raise StoreUnavailable."""

    def restate(self, config_hash: str, services: Collection[str]) -> None:
        """Tell with the next beat that another config is in force, which names these services."""

    def finish_first(self, busy: Callable[[Share], bool]) -> None:
        """Release no share for which `busy` says that something is under way; nothing new is begun for it."""

    def wake(self) -> None:
        """Look now whether something is to be released or taken."""

    def on_change(self, changed: Changed) -> None:
        """Call `changed` from now on whenever shares are won or lost."""

    def see(self, *, online: bool) -> None:
        """Tell whether our own connection works: another node does the work of a blind one."""

    @property
    def wall(self) -> Callable[[], datetime] | None:
        """The clock that all nodes go by; None: the machine's."""

    @property
    def alone(self) -> bool:
        """Whether no other node lived at the last look."""

    @property
    def blind(self) -> bool:
        """Whether our own connection does not work."""

    @property
    def others_see(self) -> bool:
        """Whether another node lives and sees the world."""

    def named(self) -> frozenset[str]:
        """The services that the config of any other live node may still name."""

    def view(self) -> ClusterView: ...


class AllOurs:
    """The ownership of a daemon that is alone with its database: everything is ours, until the hold on it is lost."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold
        self.fenced: Counter[str] = Counter()
        self.requeued = 0

    @property
    def lost(self) -> asyncio.Event:
        return self._hold.lost

    def share_of(self, service: str) -> Share:
        return service

    def owns(self, share: Share) -> bool:
        return True

    def plays(self, share: Share) -> bool:
        return True

    def epoch(self, service: str) -> int | None:
        return 0

    def claim(self, service: str) -> Claim | None:
        return None

    async def ours(self, share: Share) -> None:
        await self._hold.ours()

    async def catch_up(self) -> None:
        """Nobody could have taken over."""

    async def offer(self, services: Collection[str] = (), roles: Collection[str] = ()) -> None:
        """Nobody is there to be told."""

    def restate(self, config_hash: str, services: Collection[str]) -> None:
        """Nobody is there to be told."""

    def finish_first(self, busy: Callable[[Share], bool]) -> None:
        """Nothing is released."""

    def wake(self) -> None:
        """Nothing is released or taken."""

    def on_change(self, changed: Changed) -> None:
        """Nothing is won or lost."""

    def see(self, *, online: bool) -> None:
        """Nobody could do the work instead."""

    @property
    def wall(self) -> Callable[[], datetime] | None:
        return None

    @property
    def alone(self) -> bool:
        return True

    @property
    def blind(self) -> bool:
        return False

    @property
    def others_see(self) -> bool:
        return False

    def named(self) -> frozenset[str]:
        return frozenset()

    def view(self) -> ClusterView:
        return ClusterView()
