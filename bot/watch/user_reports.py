"""People's reports on each service, as a source for its rounds: they corroborate, and alone make trouble possible at most."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import blake2b
from secrets import token_hex

from bot.judge.surge import HOUR, LATELY, profile, surge, usual
from bot.model import Health, Report, Role, SourceReport, Tally
from bot.model.clock_shift import Moved
from bot.model.observations import hour
from bot.store import Store, StoreUnavailable

log = logging.getLogger(__name__)

NAME = "Reports here"
SALTS = "crowd:salts"
PEOPLE = 2  # per address, hour and service: invented people alone never reach the three of a surge
COUNTED = 2  # reports of one person on a service per hour
REFRESHED = timedelta(minutes=10)  # what other nodes were told before that is known already
LEAD = timedelta(minutes=1)  # people may notice an outage this long before our first failed round
Profile = tuple[float, ...]


class UserReports:
    """Counts each person once per service and hour, by their newest report. `again` requests a round of a service; None:
    nothing is watched. `bad_since` returns the first failed round of a service's present trouble, before which nobody
    knew of it.

    People are stored only as a hash, with a salt that changes every day and is deleted after the next.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], datetime],
        again: Callable[[str], None] | None = None,
        bad_since: Callable[[str], datetime | None] = lambda _: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self.again = again
        self._bad_since = bad_since
        self._words: dict[str, list[Report]] = {}  # by service, for a day, the oldest first
        self._profiles: dict[str, tuple[datetime, Profile]] = {}  # with the hour in which it was made
        self._salts: dict[str, str] = {}  # by day, the newest last
        self._counted: dict[tuple[str, str], list[datetime]] = {}  # by service and person, within the last hour
        self.counts: Counter[tuple[str, str]] = Counter()  # (service, "down" or "works") since the start

    async def load(self) -> None:
        """Load the stored reports."""
        now = self._clock()
        self._salts = _salts(await self._store.subscriptions.recall(SALTS))
        for written in await self._store.reports.since(now - LATELY * HOUR):
            # The clock may have stepped while we were stopped: nothing stored lies in the future.
            report = replace(written, at=min(written.at, now))
            self._words.setdefault(report.service, []).append(report)
            self._counted.setdefault((report.service, report.who), []).append(report.at)
        for service in self._words:
            await self._learn(service, now)

    async def refresh(self) -> None:
        """Take over what other nodes were told. May raise StoreUnavailable."""
        now = self._clock()
        self._salts = _salts(await self._store.subscriptions.recall(SALTS)) or self._salts
        for report in await self._store.reports.since(now - REFRESHED):
            words = self._words.setdefault(report.service, [])
            if any(one.who == report.who and one.at == report.at for one in words):
                continue
            await self._learn(report.service, now)
            self._put(report, now)
            self._counted.setdefault((report.service, report.who), []).append(report.at)
            if self.again:
                self.again(report.service)

    async def look(self) -> None:
        """`refresh` where other nodes take reports too, for whoever comes to this one straight from another."""
        if self._store.feed.several:
            with suppress(StoreUnavailable):
                await self.refresh()

    def _put(self, report: Report, now: datetime) -> None:
        """Note a report: of a person there is one per clock hour, and one within the last hour."""
        started = min(hour(report.at), now - HOUR)
        words = self._words.setdefault(report.service, [])
        words[:] = [
            one for one in words if one.at > now - LATELY * HOUR and (one.who != report.who or one.at < started)
        ]
        words.append(report)

    async def take(self, report: Report, origin: str = "") -> bool:
        """Take a report. A repetition within the hour is ignored, unless an outage has begun meanwhile, and so is
        anything beyond `COUNTED` per hour. `origin`: an address, which has at most `PEOPLE` per service and hour; False
        if it has had others.

        May raise StoreUnavailable.
        """
        now = self._clock()
        await self._salt(now)
        report = replace(report, who=self._person(report, now))
        said = self._last_hour(report.service, now).get(report.who)
        if (said is not None and said.works == report.works and self._still_counts(said)) or self._spent(report, now):
            return True
        origin = origin and _hashed(origin, self._salts[max(self._salts)])
        counted = self._counted.setdefault((report.service, report.who), [])
        counted.append(now)  # before the first await, so that a concurrent report counts as the third
        try:
            await self._learn(report.service, now)
            if not await self._store.reports.add(report, origin, PEOPLE):
                counted.remove(now)
                return False
        except BaseException:
            if now in counted:
                counted.remove(now)
            raise
        self._put(report, now)
        self.counts[report.service, "works" if report.works else "down"] += 1
        about = f": {report.what}" if report.what else ""
        log.info(
            "%s: it %s for somebody (%s)%s", report.service, "works" if report.works else "is down", report.way, about
        )
        if self.again:
            self.again(report.service)
        return True

    def _still_counts(self, said: Report) -> bool:
        """Whether a report is about the present trouble, if there is any: then its person need not repeat it."""
        since = self._bad_since(said.service)
        return since is None or said.at >= (since if said.works else since - LEAD)

    def _spent(self, report: Report, now: datetime) -> bool:
        """Whether this person has used up the hour's reports, or has reported later than this."""
        theirs = (one.at for one in self._words.get(report.service, ()) if one.who == report.who)
        later = any(report.at < at <= now for at in theirs)  # the platform delivered this one twice
        return later or len(self._lately(report.service, report.who, now)) >= COUNTED

    def _lately(self, service: str, who: str, now: datetime) -> list[datetime]:
        """The times of this person's counted reports on a service within the last hour."""
        counted = self._counted.get((service, who), [])
        counted[:] = [at for at in counted if now - HOUR < at <= now]
        return counted

    def report(self, service: str, failed_at: datetime | None = None) -> SourceReport | None:
        """The report for a round, which failed at `failed_at` unless that is None; None if there is none within the
        hour, or none since the first failed round.

        Only a surge of reports counts from before it, having been first.
        """
        if not self._words.get(service):
            return None
        now = self._clock()
        said = self._last_hour(service, now)
        if not said:
            return None
        since = self._bad_since(service) or failed_at
        tally = self._tally(service, now, since)
        if since is not None and not tally.surge:
            lately = since - LEAD
            tally = replace(tally, reports=sum(not one.works and one.at >= lately for one in said.values()))
        if not tally.reports and not tally.works:
            return None
        says = Health.DEGRADED if tally.surge else Health.UP
        return SourceReport(Role.CROWD, NAME, says, at=now, reports=tally.reports, usual=tally.usual, works=tally.works)

    def tallies(self, who: str = "") -> Mapping[str, Tally]:
        """The tallies of all services reported within the hour; that one works counts since its first failed round.
        `who` asks, and gets their own report marked.
        """
        now = self._clock()
        asking = [_hashed(who, salt) for salt in self._salts.values()] if who else []
        found = {}
        for service in self._words:
            said = self._last_hour(service, now)
            if said:
                asker = next((one for one in asking if one in said), "")
                own = said[asker].works if asker and self._still_counts(said[asker]) else None
                enough = len(self._lately(service, asker, now)) >= COUNTED
                found[service] = replace(
                    self._tally(service, now, self._bad_since(service)), mine=own, said_enough=enough
                )
        return found

    def step(self, move: Moved) -> None:
        """Shift all times after the clock has stepped; the stored ones are shifted already."""
        self._words = {
            service: [replace(one, at=move(one.at)) for one in words] for service, words in self._words.items()
        }

    async def tidy(self) -> None:
        """Delete what is old and learn the usual numbers anew; to be called hourly."""
        now = self._clock()
        await self._salt(now)
        await self._store.reports.tidy(now)
        self._counted = {key: counted for key, counted in self._counted.items() if self._lately(*key, now)}
        for service, words in list(self._words.items()):
            words[:] = [one for one in words if one.at > now - LATELY * HOUR]
            if words:
                await self._learn(service, now)
            else:
                del self._words[service]
                self._profiles.pop(service, None)

    def _last_hour(self, service: str, now: datetime) -> dict[str, Report]:
        """The newest report of each person."""
        return {one.who: one for one in self._words.get(service, ()) if one.at > now - HOUR}

    def _tally(self, service: str, now: datetime, since: datetime | None) -> Tally:
        """The tally of the last hour. That it works counts from `since` on, the first failed round."""
        said, of = self._last_hour(service, now).values(), self._profiles[service][1]
        works = sum(one.works and (since is None or one.at >= since) for one in said)
        down, often = sum(not one.works for one in said), usual(of, now)
        return Tally(down, works, round(often), surge((*self._before(service, now, of), (down, often)), works))

    def _before(self, service: str, now: datetime, of: Profile) -> list[tuple[int, float]]:
        """For each hour of the last day but the newest: how many had trouble, and the usual number."""
        people: list[set[str]] = [set() for _ in range(LATELY)]
        for one in self._words[service]:
            ago = (now - one.at) // HOUR
            if not one.works and 0 < ago < LATELY:
                people[ago].add(one.who)
        return [(len(people[ago]), usual(of, now - ago * HOUR)) for ago in range(LATELY - 1, 0, -1)]

    async def _learn(self, service: str, now: datetime) -> None:
        made, _ = self._profiles.get(service, (None, ()))
        if made != hour(now):
            self._profiles[service] = hour(now), profile(await self._store.reports.hours(service), now)

    async def _salt(self, now: datetime) -> None:
        """Have a salt for this day: the one of the node that needed it first, or else they would count a person twice."""
        day, yesterday = f"{now:%Y-%m-%d}", f"{now - timedelta(days=1):%Y-%m-%d}"
        while day not in self._salts:
            written = await self._store.subscriptions.recall(SALTS)
            known = _salts(written)
            if day not in known:
                known = {old: salt for old, salt in known.items() if old == yesterday} | {day: token_hex(16)}
                kept = " ".join(part for row in known.items() for part in row)
                if not await self._store.subscriptions.exchange(SALTS, written, kept):
                    continue
            self._salts = known

    def _person(self, report: Report, now: datetime) -> str:
        """The person's hash. It stays the same over midnight."""
        known = self._last_hour(report.service, now)
        found = [_hashed(report.who, salt) for salt in self._salts.values()]
        return next((one for one in found if one in known), found[-1])


def _salts(written: str | None) -> dict[str, str]:
    """By day, the newest last."""
    rows = (written or "").split()
    return dict(sorted(zip(rows[::2], rows[1::2], strict=True)))


def _hashed(who: str, salt: str) -> str:
    return blake2b(who.encode(errors="replace"), key=salt.encode(), digest_size=16).hexdigest()
