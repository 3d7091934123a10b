"""Rate limits: so many in any stretch of time. And those of a kind of channel, with its abilities."""

from __future__ import annotations

from bisect import insort
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from bot.contracts import Channel, ChannelSettings, Pace
from bot.delivery.learnt_rate import LearntRate
from bot.model.clock_shift import Moved

NEVER = timedelta(0)
WIDTH = 32  # hand-overs at once in one channel: a lane that hangs must leave room for the others
AHEAD = timedelta(milliseconds=400)  # how long before its slot is free a message is claimed, since claiming takes time


ANSWER = 30.0  # seconds for the provider's answer, if a channel's section has no `timeout`
BEFORE = timedelta(seconds=30)  # for what comes before the answer: connecting, and looking for an earlier copy
NO_PACE = Pace()
KEYS = 5_000  # remembered by a rate limit: one that is forgotten has everything left again
ACCOUNT = ""


Key = TypeVar("Key", bound=Hashable)
At = TypeVar("At", datetime, float)


class RateLimit(Generic[Key, At]):
    """At most `most` at a time for each key. Each counts until a time that is given with it.

    It reads no clock: times are datetimes, or seconds of any steady clock. The least recent of more than `keys` keys is
    forgotten.
    """

    def __init__(self, most: int, keys: int = KEYS) -> None:
        self.most, self._keys = most, keys
        self._until: OrderedDict[Key, list[At]] = OrderedDict()  # sorted

    def used(self, key: Key, at: At) -> int:
        return sum(until > at for until in self._until.get(key, ()))

    def left(self, key: Key, at: At) -> int:
        return max(self.most - self.used(key, at), 0)

    def take(self, key: Key, at: At, until: At) -> bool:
        """Count one until then; False if none is left."""
        if not self.left(key, at):
            return False
        self.count(key, at, until)
        return True

    def count(self, key: Key, at: At, until: At) -> None:
        """Count one until then, even if none is left."""
        known = [one for one in self._until.get(key, ()) if one > at]
        insort(known, until)
        self._until[key] = known
        self._until.move_to_end(key)
        if len(self._until) > self._keys:
            self._until.popitem(last=False)

    def opens(self, key: Key, at: At) -> At | None:
        """When one is left; None: now."""
        known = [one for one in self._until.get(key, ()) if one > at]
        return known[-self.most] if len(known) >= self.most else None

    def soonest(self, key: Key, at: At) -> At | None:
        """When the first of those that count is over; None if none counts."""
        return next((one for one in self._until.get(key, ()) if one > at), None)

    def give_back(self, key: Key, at: At) -> At | None:
        """Forget the one that would be over soonest; return when. None if none counts."""
        soonest = self.soonest(key, at)
        if soonest is not None:
            self._until[key].remove(soonest)
        return soonest

    def full(self, at: At) -> list[Key]:
        """The keys that have none left; what is over is forgotten."""
        for key, known in list(self._until.items()):
            if known[-1:] <= [at]:
                del self._until[key]
        return [key for key in self._until if not self.left(key, at)]

    def step(self, move: Callable[[At], At]) -> None:
        """Shift all times after the clock has stepped."""
        for known in self._until.values():
            known[:] = map(move, known)


@dataclass(frozen=True, slots=True)
class OpenChannel:
    """An open channel and the abilities of its kind."""

    channel: Channel
    pace: Pace = NO_PACE
    edits: bool = True  # can edit a message
    gathers: bool = True  # can carry several notices in one message
    finds: bool = True  # can find out whether an unsure hand-over arrived
    looks: bool = False  # does so before it sends again
    longest: timedelta = timedelta(seconds=60)  # longest hand-over: beyond it we cut it off, and it counts as unsure

    @classmethod
    def of(cls, channel: Channel, said: ChannelSettings) -> OpenChannel:
        """Build from a channel's section of the config."""
        answer = timedelta(seconds=float(getattr(said, "timeout", ANSWER)))
        return cls(channel, said.pace, said.edits, said.gathers, said.finds, said.looks, answer + BEFORE)


@dataclass
class RateLimiter:
    """The running hand-overs and rests of one kind of channel. It reads no clock.

    A destination's rest and a slot's time begin with the answer, when the far side has certainly counted the message.
    So no window of time sees more messages than allowed, however unevenly they travel.
    """

    pace: Pace = field(default_factory=Pace)
    width: int = WIDTH
    _under_way: Counter[str] = field(default_factory=Counter)  # by place
    _rests: RateLimit[str, datetime] = field(default_factory=lambda: RateLimit(1))  # by place
    _held: datetime | None = None  # until when all of them rest

    def __post_init__(self) -> None:
        self._answered: RateLimit[str, datetime] = RateLimit(self.pace.most)
        self._learnt = LearntRate()

    @property
    def one_each(self) -> bool:
        """Whether each place takes one message at a time."""
        return self.pace.place > NEVER

    @property
    def under_way(self) -> int:
        return self._under_way.total()

    def free(self, now: datetime) -> int:
        """How many hand-overs may begin now."""
        if self._held and now < self._held:
            return 0
        free = max(min(self.width, self._answered.left(ACCOUNT, now + AHEAD)) - self.under_way, 0)
        learnt = self._learnt.free(now, self.under_way)
        return free if learnt is None else min(free, learnt)

    def busy(self, now: datetime) -> tuple[str, ...]:
        """The places that may not be written to now."""
        resting = set(self._rests.full(now))
        return tuple(sorted(resting | set(self._under_way) if self.one_each else resting))

    def rests(self, place: str, now: datetime) -> bool:
        """Whether a place rests, so that there is no use in claiming for it."""
        return not self._rests.left(place, now)

    def begin(self, place: str, now: datetime) -> datetime:
        """Take a slot; return when the hand-over may start, as a slot is given away before it is free."""
        self._under_way[place] += 1
        if self.under_way + self._answered.used(ACCOUNT, now) <= self.pace.most:
            return now
        return self._answered.give_back(ACCOUNT, now) or now

    def end(self, place: str, now: datetime) -> None:
        """Free a slot: an answer has come, or never will."""
        self._under_way[place] -= 1
        self._under_way += Counter()  # drops zero counts
        if self.pace.per:
            self._answered.count(ACCOUNT, now, now + self.pace.per)
        if self.one_each:
            self.rest(place, now + self.pace.place)

    def rest(self, place: str, until: datetime) -> None:
        """Leave a place alone until then, or longer if it rests longer already."""
        self._rests.count(place, until, until)

    def hold(self, until: datetime) -> None:
        """Stop the whole channel until then: the limit of the account is reached."""
        self._held = max(until, self._held or until)

    def taken(self, now: datetime) -> None:
        """Count a message that the far side took."""
        self._learnt.taken(now)

    def refused(self, now: datetime, wait: timedelta) -> None:
        """Stop the whole channel, as the account's rate is reached; where none is documented, learn it."""
        self.hold(now + wait)
        if not self.pace.per:
            self._learnt.refused(now, wait)

    def step(self, move: Moved) -> None:
        """Shift all times after the clock has stepped."""
        self._learnt.step(move)
        self._answered.step(move)
        self._rests.step(move)
        self._held = self._held and move(self._held)

    def opens(self, now: datetime) -> datetime | None:
        """When more hand-overs may begin than now, not counting answers still to come; None if that is not known."""
        if self._held and now < self._held:
            return self._held
        rests = [opens for place in self._rests.full(now) if (opens := self._rests.opens(place, now))]
        slot = None if self.free(now) else self._answered.soonest(ACCOUNT, now)  # if not full, a slot is to be had now
        learnt = self._learnt.opens(now)
        return min([*rests, *([slot - AHEAD] if slot else []), *([learnt] if learnt else [])], default=None)
