"""The readings and words of a round -> Verdict: the table of what may be claimed, and how surely."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.model import Confidence, Health, Outcome, Role, Round, Rules, SourceReport, Streak, Verdict

TROUBLE = frozenset({Health.DEGRADED, Health.DOWN})
UNSTEADY = 3  # this many times `confirm_rounds` bad rounds, though never enough in a row, confirm as well


def judge(seen: Round, streak: Streak, rules: Rules) -> Verdict:
    """What this round means after `streak`, the rounds before it."""
    if seen.asleep_since:
        streak = _doubted(streak)
    looks = _looks(seen, rules)
    if looks is Health.UNKNOWN:
        # When we go blind, the bad rounds just before were perhaps our own trouble already: they count no more.
        return Verdict(
            seen.at, looks, Confidence.POSSIBLE, streak if seen.online else _doubted(streak), reports=seen.reports
        )
    bad = tuple(r for r in seen.readings if not r.ok)
    streak = count(streak, looks, seen.at, rules, worn=bool(bad))
    health, confidence = _claim(looks, streak, seen.reports, rules)
    if looks in TROUBLE:
        return Verdict(seen.at, health, confidence, streak, bad, seen.reports, untried=seen.untried)
    # A certificate that ends soon is trouble of its own: it neither begins an outage nor keeps one from ending.
    worn = bad if streak.expiring >= rules.confirm_rounds else ()
    return Verdict(seen.at, health, confidence, streak, reports=seen.reports, expiring=worn, untried=seen.untried)


def saw(seen: Round, rules: Rules) -> bool:
    """Does the round say how the service is?"""
    return _looks(seen, rules) is not Health.UNKNOWN


def _doubted(streak: Streak) -> Streak:
    return Streak(good=streak.good, partial=streak.partial, good_since=streak.good_since)


def _looks(seen: Round, rules: Rules) -> Health:
    """What the round says by itself. A route that could not be judged keeps us from saying "all good" and from saying "all bad"."""
    outcomes = {r.outcome for r in seen.readings}
    if not seen.online:
        return Health.UNKNOWN
    if outcomes & {Outcome.FAILED, Outcome.SLOW}:
        broken = rules.chained and Outcome.FAILED in outcomes
        return Health.DOWN if broken or outcomes == {Outcome.FAILED} else Health.DEGRADED
    if Outcome.INCONCLUSIVE in outcomes:
        return Health.UNKNOWN
    if not outcomes and all(w.says is None for w in seen.reports if w.role is not Role.CROWD):
        return Health.UNKNOWN
    return Health.UP


def _claim(looks: Health, streak: Streak, words: tuple[SourceReport, ...], rules: Rules) -> tuple[Health, Confidence]:
    official = _worst(words, Role.OFFICIAL)
    tracker = _worst(words, Role.TRACKER)
    if looks is Health.UP:
        if official in TROUBLE:
            return official, Confidence.LIKELY
        return (Health.DEGRADED, Confidence.POSSIBLE) if rumoured(words) else (Health.UP, Confidence.CONFIRMED)
    if streak.down >= rules.confirm_rounds:
        return Health.DOWN, Confidence.CONFIRMED
    if streak.bad >= rules.confirm_rounds or streak.total >= UNSTEADY * rules.confirm_rounds:
        return Health.DEGRADED, Confidence.CONFIRMED
    agreed = official in TROUBLE or tracker in TROUBLE
    return looks, Confidence.LIKELY if agreed else Confidence.POSSIBLE


def _worst(words: tuple[SourceReport, ...], role: Role) -> Health:
    return max((w.says for w in words if w.role is role and w.says is not None), default=Health.UP)


def count(streak: Streak, looks: Health, at: datetime, rules: Rules, *, worn: bool = False) -> Streak:
    """The streak with one more round. Counts stop at what the rules ask for: a steady service has a steady state."""

    def up_to(limit: int, number: int) -> int:
        return min(number, limit)

    mild = up_to(rules.restore_rounds, streak.partial + 1)
    if looks is Health.UP:
        good = up_to(rules.restore_rounds, streak.good + 1)
        total = 0 if good >= rules.restore_rounds else streak.total
        # Up and down again: where one of several servers has the new certificate, nothing comes and goes with every look.
        rounds = up_to(rules.confirm_rounds, streak.expiring + 1) if worn else max(0, streak.expiring - 1)
        since, worn_since = streak.good_since or at, (streak.expiring_since or at) if rounds else None
        return Streak(
            good=good, partial=mild, total=total, good_since=since, expiring=rounds, expiring_since=worn_since
        )
    worse = Streak(
        bad=up_to(rules.confirm_rounds, streak.bad + 1),
        total=up_to(UNSTEADY * rules.confirm_rounds, streak.total + 1),
        bad_since=streak.bad_since or at,
    )
    if looks is Health.DEGRADED:
        return replace(worse, partial=mild)
    return replace(worse, down=up_to(rules.confirm_rounds, streak.down + 1), down_since=streak.down_since or at)


def official(words: tuple[SourceReport, ...]) -> SourceReport | None:
    """The official page's word, when there is such a page."""
    return next((w for w in words if w.role is Role.OFFICIAL), None)


def rumoured(words: tuple[SourceReport, ...]) -> bool:
    """Do trackers or the crowd speak of trouble?"""
    return max(_worst(words, Role.TRACKER), _worst(words, Role.CROWD)) in TROUBLE


def spoken(word: SourceReport | None) -> str | None:
    """The trouble that a word speaks of: its headline, or how bad it is; empty for none. None: it could not be read."""
    if word is None or word.says is None or word.says is Health.UNKNOWN:
        return None
    return (word.headline or word.says.name) if word.says in TROUBLE else ""
