"""What a kind of channel can do, and how fast it may be written to: as its provider documents, and as its refusals ask."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.contracts import Channel, ChannelSettings, Pace
from bot.model.clock_shift import Moved

NEVER = timedelta(0)
WIDTH = 32  # hand-overs at once in one channel: a lane that hangs must leave room for the others
AHEAD = timedelta(milliseconds=400)  # so long before its slot is free a message is claimed: that takes time of its own


ANSWER = 30.0  # seconds for the provider's answer, where a channel's section has no `timeout` of its own
BEFORE = timedelta(seconds=30)  # for what comes before that: a connection, a look whether it is there already
NO_PACE = Pace()


@dataclass(frozen=True, slots=True)
class OpenChannel:
    """An open channel, and what its kind can do."""

    channel: Channel
    pace: Pace = NO_PACE
    edits: bool = True  # can it rewrite a message?
    gathers: bool = True  # may many notices be told in one message?
    finds: bool = True  # can it find out whether an unsure hand-over arrived?
    looks: bool = False  # does it do so before it sends again?
    longest: timedelta = timedelta(seconds=60)  # a hand-over: what takes longer is cut off, and is unsure

    @classmethod
    def of(cls, channel: Channel, said: ChannelSettings) -> OpenChannel:
        """As a channel's section of the config says it."""
        answer = timedelta(seconds=float(getattr(said, "timeout", ANSWER)))
        return cls(channel, said.pace, said.edits, said.gathers, said.finds, said.looks, answer + BEFORE)


@dataclass
class RateLimiter:
    """Of one kind of channel: what is under way, and who has to rest. It asks no clock.

    A place's rest and a slot's time begin with the answer: the far side has counted the message by then, so however
    unevenly messages travel, no stretch of time sees more of them than are allowed.
    """

    pace: Pace = field(default_factory=Pace)
    width: int = WIDTH
    _under_way: Counter[str] = field(default_factory=Counter)  # by place
    _answered: deque[datetime] = field(default_factory=deque)  # within the last `pace.per`
    _resting: dict[str, datetime] = field(default_factory=dict)  # until when, by place
    _held: datetime | None = None  # until when, all of them

    @property
    def one_each(self) -> bool:
        """One message at a time to each place."""
        return self.pace.place > NEVER

    @property
    def under_way(self) -> int:
        return self._under_way.total()

    def free(self, now: datetime) -> int:
        """How many may be begun now."""
        if self._held and now < self._held:
            return 0
        self._forget(now)
        taken = sum(answered + self.pace.per > now + AHEAD for answered in self._answered)
        return max(min(self.width, self.pace.most - taken) - self.under_way, 0)

    def busy(self, now: datetime) -> tuple[str, ...]:
        """The places that may not be written to now."""
        self._forget(now)
        resting = set(self._resting)
        return tuple(sorted(resting | set(self._under_way) if self.one_each else resting))

    def rests(self, place: str, now: datetime) -> bool:
        """Whoever has something for it need not ask before it has rested."""
        return self._resting.get(place, now) > now

    def begin(self, place: str, now: datetime) -> datetime:
        """From when on it may be handed over: a slot is given away before it is free."""
        self._forget(now)
        self._under_way[place] += 1
        if self.under_way + len(self._answered) <= self.pace.most:
            return now
        return self._answered.popleft() + self.pace.per if self._answered else now

    def end(self, place: str, now: datetime) -> None:
        """An answer has come, or never will."""
        self._under_way[place] -= 1
        self._under_way += Counter()  # without those that have none
        if self.pace.per:
            self._answered.append(now)
        if self.one_each:
            self.rest(place, now + self.pace.place)

    def rest(self, place: str, until: datetime) -> None:
        self._resting[place] = max(until, self._resting.get(place, until))

    def hold(self, until: datetime) -> None:
        """The limit of the whole account."""
        self._held = max(until, self._held or until)

    def step(self, move: Moved) -> None:
        """The clock has stepped."""
        self._answered = deque(map(move, self._answered))
        self._resting = {place: move(until) for place, until in self._resting.items()}
        self._held = self._held and move(self._held)

    def opens(self, now: datetime) -> datetime | None:
        """When more may be begun than now, answers that are still to come aside."""
        if self._held and now < self._held:
            return self._held
        self._forget(now)
        full = not self.free(now)  # else who wants a slot has one
        slots = [self._answered[0] + self.pace.per - AHEAD] if self._answered and full else []
        return min([*self._resting.values(), *slots], default=None)

    def _forget(self, now: datetime) -> None:
        while self._answered and self._answered[0] + self.pace.per <= now:
            self._answered.popleft()
        for place in [place for place, until in self._resting.items() if until <= now]:
            del self._resting[place]
