"""Rate limits and abilities of a kind of channel: as its provider documents them, and as its refusals ask."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.contracts import Channel, ChannelSettings, Pace
from bot.model.clock_shift import Moved

NEVER = timedelta(0)
WIDTH = 32  # hand-overs at once in one channel: a lane that hangs must leave room for the others
AHEAD = timedelta(milliseconds=400)  # how long before its slot is free a message is claimed, since claiming takes time


ANSWER = 30.0  # seconds for the provider's answer, if a channel's section has no `timeout`
BEFORE = timedelta(seconds=30)  # for what comes before the answer: connecting, and looking for an earlier copy
NO_PACE = Pace()


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
    _answered: deque[datetime] = field(default_factory=deque)  # within the last `pace.per`
    _resting: dict[str, datetime] = field(default_factory=dict)  # until when, by place
    _held: datetime | None = None  # until when all of them rest

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
        self._forget(now)
        taken = sum(answered + self.pace.per > now + AHEAD for answered in self._answered)
        return max(min(self.width, self.pace.most - taken) - self.under_way, 0)

    def busy(self, now: datetime) -> tuple[str, ...]:
        """The places that may not be written to now."""
        self._forget(now)
        resting = set(self._resting)
        return tuple(sorted(resting | set(self._under_way) if self.one_each else resting))

    def rests(self, place: str, now: datetime) -> bool:
        """Whether a place rests, so that there is no use in claiming for it."""
        return self._resting.get(place, now) > now

    def begin(self, place: str, now: datetime) -> datetime:
        """Take a slot; return when the hand-over may start, as a slot is given away before it is free."""
        self._forget(now)
        self._under_way[place] += 1
        if self.under_way + len(self._answered) <= self.pace.most:
            return now
        return self._answered.popleft() + self.pace.per if self._answered else now

    def end(self, place: str, now: datetime) -> None:
        """Free a slot: an answer has come, or never will."""
        self._under_way[place] -= 1
        self._under_way += Counter()  # drops zero counts
        if self.pace.per:
            self._answered.append(now)
        if self.one_each:
            self.rest(place, now + self.pace.place)

    def rest(self, place: str, until: datetime) -> None:
        self._resting[place] = max(until, self._resting.get(place, until))

    def hold(self, until: datetime) -> None:
        """Stop the whole channel until then: the limit of the account is reached."""
        self._held = max(until, self._held or until)

    def step(self, move: Moved) -> None:
        """Shift all times after the clock has stepped."""
        self._answered = deque(map(move, self._answered))
        self._resting = {place: move(until) for place, until in self._resting.items()}
        self._held = self._held and move(self._held)

    def opens(self, now: datetime) -> datetime | None:
        """When more hand-overs may begin than now, not counting answers still to come; None if that is not known."""
        if self._held and now < self._held:
            return self._held
        self._forget(now)
        full = not self.free(now)  # if not full, a slot is to be had now
        slots = [self._answered[0] + self.pace.per - AHEAD] if self._answered and full else []
        return min([*self._resting.values(), *slots], default=None)

    def _forget(self, now: datetime) -> None:
        while self._answered and self._answered[0] + self.pace.per <= now:
            self._answered.popleft()
        for place in [place for place, until in self._resting.items() if until <= now]:
            del self._resting[place]
